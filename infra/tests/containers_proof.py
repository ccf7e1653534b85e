"""Proves that `sam local` runs the template's functions in containers which reach this machine (containers.sh prove).

The functions are made here, in what the base image has: Perl. They answer with what a server on this machine says, at
the bridge's gateway address: where the portal's emulator is to listen.
"""

import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from built import write
from translated import ROOT, source

SAM_SECONDS_MAX = 180

# A function in thirty lines of Perl: it speaks the runtime API, and asks the machine at AWS_ENDPOINT_URL.
FUNCTION = r"""#!/usr/bin/perl
use strict; use warnings; use IO::Socket::INET;
sub call {
    my ($address, $method, $path, $body) = @_;
    my $connection = IO::Socket::INET->new(PeerAddr => $address, Timeout => 20) or return ("", "unreachable: $!");
    print $connection "$method $path HTTP/1.1\r\nHost: $address\r\nConnection: close\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    local $/; my $answer = <$connection> // "";
    my ($head, $rest) = split(/\r\n\r\n/, $answer, 2);
    return ($head // "", $rest // "");
}
my $api = $ENV{AWS_LAMBDA_RUNTIME_API};
(my $machine = $ENV{AWS_ENDPOINT_URL}) =~ s{^http://}{};
while (1) {
    my ($head, $event) = call($api, "GET", "/2018-06-01/runtime/invocation/next", "");
    my ($id) = $head =~ /Lambda-Runtime-Aws-Request-Id: *(\S+)/i or die "no request: $head";
    my (undef, $said) = call($machine, "GET", "/said", "");
    $said =~ s/[^a-z ]//g;
    my $body = "$ENV{AWS_LAMBDA_FUNCTION_NAME}: $said, " . ($event =~ /"routeKey"/ ? "by http" : "no route") . ", $ENV{SESAME_TABLE}";
    call($api, "POST", "/2018-06-01/runtime/invocation/$id/response", qq({"statusCode":200,"headers":{"content-type":"text/plain"},"body":"$body"}));
}
"""


class Machine(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"reached"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main() -> int:
    sam, gateway = sys.argv[1], os.environ["SESAME_GATEWAY"]
    machine = http.server.ThreadingHTTPServer((gateway, 0), Machine)
    threading.Thread(target=machine.serve_forever, daemon=True).start()
    environment = os.environ | {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with tempfile.TemporaryDirectory(prefix="sesame-containers-") as folder:
        work = Path(folder)
        for resource in source()["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                binary = work / "lambda" / resource["Metadata"]["BuildProperties"]["Binary"] / "bootstrap"
                binary.parent.mkdir(parents=True)
                binary.write_text(FUNCTION)
                binary.chmod(0o755)
        template = write(work / "lambda", work / "sam")
        variables = json.loads((ROOT / "infra" / "local.json").read_text())
        variables["Parameters"]["AWS_ENDPOINT_URL"] = f"http://{gateway}:{machine.server_port}"
        stated = work / "variables.json"
        stated.write_text(json.dumps(variables))
        common = ["--template", str(template), "--env-vars", str(stated), "--skip-pull-image"]

        began = time.monotonic()
        invoked = subprocess.run(
            [sam, "local", "invoke", "CheckSiretFunction", "--event", "-", *common],
            input="{}",
            capture_output=True,
            text=True,
            env=environment,
            cwd=work,
            timeout=SAM_SECONDS_MAX,
        )
        if "CheckSiretFunction: reached, no route, sesame" not in invoked.stdout:
            print(invoked.stdout, invoked.stderr, file=sys.stderr)
            return 1
        print(f"sam local invoke answered in {time.monotonic() - began:.1f} s: {invoked.stdout.strip()}")

        port = free_port()
        command = [sam, "local", "start-api", "--host", "127.0.0.1", "--port", str(port), "--warm-containers", "LAZY"]
        with (work / "api.log").open("w") as log:
            api = subprocess.Popen([*command, *common], env=environment, cwd=work, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}/api/check-siret"
            deadline = time.monotonic() + SAM_SECONDS_MAX
            while True:
                try:
                    asked = urllib.request.Request(address, data=b"{}", method="POST")
                    with urllib.request.urlopen(asked, timeout=60) as answer:
                        said = answer.read().decode()
                    break
                except urllib.error.HTTPError as error:
                    print((work / "api.log").read_text(), error, file=sys.stderr)
                    return 1
                except OSError as error:
                    if time.monotonic() > deadline or api.poll() is not None:
                        print((work / "api.log").read_text(), error, file=sys.stderr)
                        return 1
                    time.sleep(0.3)
            if said != "CheckSiretFunction: reached, by http, sesame":
                print(said, (work / "api.log").read_text(), file=sys.stderr)
                return 1
            print(f"sam local start-api answered: {said}")
        finally:
            api.terminate()
            try:
                api.wait(20)
            except subprocess.TimeoutExpired:
                api.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
