"""Proves that `sam local` runs the functions as they are built, in containers (containers.sh prove).

    python containers_proof.py SAM FUNCTIONS PORTAL

FUNCTIONS holds `<crate>/bootstrap`, as `cargo lambda build` leaves them; PORTAL is the portal's program. The portal
listens on the bridge's gateway address, where containers find this machine, and is their DynamoDB.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from built import write
from translated import ROOT

SECONDS_MAX = 180
ANSWER = {"siret": "73282932000074", "account": "none"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(address: tuple, process: subprocess.Popen) -> None:
    """Waits until something answers at an address."""
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(address, 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {address[0]}:{address[1]}")


def invoked(sam: str, common: list, environment: dict, work: Path) -> None:
    began = time.monotonic()
    event = ROOT / "events" / "check-siret.json"
    command = [sam, "local", "invoke", "CheckSiretFunction", "--event", str(event), *common]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=work, timeout=SECONDS_MAX
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"statusCode"')]
    if (
        not lines
        or json.loads(lines[-1])["statusCode"] != 200
        or json.loads(json.loads(lines[-1])["body"]) != ANSWER
    ):
        raise SystemExit(f"sam local invoke: {done.stdout}\n{done.stderr}")
    print(f"sam local invoke answered in {time.monotonic() - began:.1f} s: {ANSWER}")


def served(sam: str, common: list, environment: dict, work: Path) -> None:
    port = free_port()
    command = [
        sam,
        "local",
        "start-api",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--warm-containers",
        "LAZY",
    ]
    log = work / "api.log"
    with log.open("w") as writer:
        api = subprocess.Popen([*command, *common], env=environment, cwd=work, stdout=writer, stderr=writer)
    try:
        until(("127.0.0.1", port), api)
        body = json.loads((ROOT / "events" / "check-siret.json").read_text())["body"].encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/check-siret", data=body, headers=headers)
        with urllib.request.urlopen(asked, timeout=SECONDS_MAX) as answer:
            said = json.loads(answer.read())
        if said != ANSWER:
            raise SystemExit(f"sam local start-api: {said}")
        print(f"sam local start-api answered: {said}")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"sam local start-api: {error} {error.read()}\n{log.read_text()}") from error
    finally:
        api.terminate()
        try:
            api.wait(20)
        except subprocess.TimeoutExpired:
            api.kill()


def main() -> None:
    sam, functions, portal = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()
    gateway, port = os.environ["SESAME_GATEWAY"], free_port()
    environment = os.environ | {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    settings = {"SESAME_PORT": str(port), "SESAME_ALSO_LISTEN": gateway}
    machine = subprocess.Popen(
        [portal, "--ephemeral"], env=environment | settings, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        until((gateway, port), machine)
        with tempfile.TemporaryDirectory(prefix="sesame-containers-") as folder:
            work = Path(folder)
            variables = json.loads((ROOT / "infra" / "local.json").read_text())
            variables["Parameters"]["AWS_ENDPOINT_URL"] = f"http://{gateway}:{port}"
            stated = work / "variables.json"
            stated.write_text(json.dumps(variables))
            template = write(functions, work / "sam")
            common = ["--template", str(template), "--env-vars", str(stated), "--skip-pull-image"]
            invoked(sam, common, environment, work)
            served(sam, common, environment, work)
    finally:
        machine.terminate()
        machine.wait(20)


if __name__ == "__main__":
    main()
