"""The functions as they are built for Lambda, under the runtime emulator that the SAM CLI ships: no container, no portal.

Needs them built: `cargo lambda build --release -p challenge -p …`; SESAME_FUNCTIONS names the folder if it is not
target/lambda. Each event of events/ answers as the contract says, and twice the same; and whatever befalls a function,
the next request is answered.
"""

import http.client
import http.server
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import boto3
import pytest
import samcli
from translated import ROOT, translated

sys.path.insert(0, str(ROOT / "infra" / "tests" / "emulator"))
from deploy import REGION, free_port, start_emulator  # noqa: E402

FUNCTIONS = Path(os.environ.get("SESAME_FUNCTIONS", ROOT / "target" / "lambda")).resolve()
MACHINE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
RUNTIME = Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{MACHINE}"
SETTINGS = json.loads((ROOT / "infra" / "local.json").read_text())["Parameters"]
INVOKE = "/2015-03-31/functions/function/invocations"

assert (FUNCTIONS / "check-siret" / "bootstrap").exists(), (
    f"no functions in {FUNCTIONS}: cargo xtask test functions"
)

ULID = r"[0-9A-HJKMNP-TV-Z]{26}"
# Event, function, status, and what its body must look like: a fresh table, the development keys.
ANSWERS = [
    ("challenge", "challenge", 200, r'"action":"check-siret"'),
    ("check-siret", "check-siret", 200, r'^\{"siret":"73282932000074","account":"none"\}$'),
    (
        "create-account",
        "create-account",
        202,
        rf'^\{{"mail":"{ULID}","sent_to":"j•••@exemple\.fr","valid_minutes":60\}}$',
    ),
    ("recover-identifier", "recover", 202, r'^\{"valid_minutes":60\}$'),
    ("recover-password", "recover", 202, r'^\{"valid_minutes":60\}$'),
    ("set-password", "set-password", 404, r'"type":"/problems/link-unknown"'),
    ("link", "link", 404, r'"type":"/problems/link-unknown"'),
    ("link-renew", "link", 404, r'"type":"/problems/link-unknown"'),
    (
        "submit-ticket",
        "submit-ticket",
        201,
        rf'^\{{"reference":"T-\d{{6}}-\w{{6}}","sent_to":"j•••@exemple\.fr","mail":"{ULID}"\}}$',
    ),
    ("session-open", "session", 401, r'"type":"/problems/wrong-credentials"'),
    ("session-show", "session", 401, r'"type":"/problems/no-session"'),
    ("session-close", "session", 204, r"^$"),
    ("space-journal", "journal", 401, r'"type":"/problems/no-session"'),
    ("journal-keys", "journal", 200, r'^\{"keys":\["[a-z0-9.-]+/journal\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}"\]\}$'),
    ("notices", "notices", 200, r"^\[\]$"),
    ("mail", "mail", 404, r'"type":"/problems/mail-unknown"'),
    ("mail-address", "mail", 404, r'"type":"/problems/mail-unknown"'),
    ("space-successor-open", "space", 401, r'"type":"/problems/no-session"'),
    ("space-successor-close", "space", 401, r'"type":"/problems/no-session"'),
    ("presence", "me", 404, r'"type":"/problems/link-unknown"'),
    ("delivery", "mail", 200, r'^\{"domain":"exemple\.fr","state":"unknown","median_seconds":null\}$'),
    ("agents-cases", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-cases-one", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-cases-answer", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-cases-close", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-cases-note", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-cases-release", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-cases-reopen", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-cases-take", "desk", 401, r'"type":"/problems/no-session"'),
    ("agents-login", "agents", 503, r'"type":"/problems/agent-login-unavailable"'),
    ("agents-callback", "agents", 403, r'"type":"/problems/agent-login-refused"'),
    ("agents-me", "agents", 401, r'"type":"/problems/no-session"'),
    ("agents-session", "agents", 204, r"^$"),
    ("agents-successions", "successions", 401, r'"type":"/problems/no-session"'),
    ("agents-successions-approve", "successions", 401, r'"type":"/problems/no-session"'),
    ("agents-successions-refuse", "successions", 401, r'"type":"/problems/no-session"'),
    ("agents-successions-withdraw", "successions", 401, r'"type":"/problems/no-session"'),
    ("contest", "contest", 404, r'"type":"/problems/link-unknown"'),
    ("request", "request", 404, r'"type":"/problems/link-unknown"'),
    ("request-close", "request", 404, r'"type":"/problems/link-unknown"'),
    ("request-message", "request", 404, r'"type":"/problems/link-unknown"'),
    ("access", "mandates", 401, r'"type":"/problems/no-session"'),
    ("address", "me", 404, r'"type":"/problems/link-unknown"'),
    ("address-confirm", "me", 404, r'"type":"/problems/link-unknown"'),
    ("address-restore", "me", 404, r'"type":"/problems/link-unknown"'),
    ("invitation", "invitation", 404, r'"type":"/problems/link-unknown"'),
    ("invitation-accept", "invitation", 404, r'"type":"/problems/link-unknown"'),
    ("invitation-request", "invitation", 202, r'^\{"valid_days":7\}$'),
    ("space", "space", 401, r'"type":"/problems/no-session"'),
    ("space-close", "me", 401, r'"type":"/problems/no-session"'),
    ("space-email", "me", 401, r'"type":"/problems/no-session"'),
    ("space-establishments-close", "me", 401, r'"type":"/problems/no-session"'),
    ("space-export", "space", 401, r'"type":"/problems/no-session"'),
    ("space-invitations-address", "space", 401, r'"type":"/problems/no-session"'),
    ("space-invitations-close", "space", 401, r'"type":"/problems/no-session"'),
    ("space-invitations-open", "space", 401, r'"type":"/problems/no-session"'),
    ("space-mandates", "mandates", 401, r'"type":"/problems/no-session"'),
    ("space-mandates-accept", "mandates", 401, r'"type":"/problems/no-session"'),
    ("space-mandates-batch", "mandates", 422, r'"type":"/problems/invalid-form"'),
    ("space-mandates-decline", "mandates", 401, r'"type":"/problems/no-session"'),
    ("space-mandates-end", "mandates", 401, r'"type":"/problems/no-session"'),
    ("space-mandates-one", "mandates", 401, r'"type":"/problems/no-session"'),
    ("space-mandates-open", "mandates", 422, r'"type":"/problems/invalid-form"'),
    ("space-mandates-text", "mandates", 200, r'"version":"2026-12"'),
    ("space-members-change", "space", 422, r'"type":"/problems/invalid-form"'),
    ("space-members-close", "space", 422, r'"type":"/problems/invalid-form"'),
    ("space-password", "me", 401, r'"type":"/problems/no-session"'),
    ("space-sessions", "me", 401, r'"type":"/problems/no-session"'),
]
# What SES tells of a mail.
TOLD = sorted(path.stem for path in (ROOT / "events" / "ses").glob("*.json"))


class Gate(http.server.ThreadingHTTPServer):
    """Stands between a function and the services: shut, it takes requests and leaves them without an answer."""

    daemon_threads = True

    def __init__(self, behind: str):
        super().__init__(("127.0.0.1", 0), Passage)
        self.behind = behind.removeprefix("http://")
        self.is_open = threading.Event()
        self.is_open.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Passage(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.is_open.wait(60)
        behind = http.client.HTTPConnection(self.server.behind, timeout=30)
        behind.request("POST", self.path, body, dict(self.headers))
        answer = behind.getresponse()
        said = answer.read()
        try:
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
        except OSError:
            # Who asked has gone, as a function that ran out of time does.
            self.close_connection = True

    def log_message(self, *_) -> None:
        pass


class Function:
    """One function under the runtime emulator."""

    def __init__(self, crate: str, endpoint: str, timeout_seconds: int = 30):
        self.port = free_port()
        self.log = tempfile.NamedTemporaryFile("w+", prefix=f"sesame-{crate}-", suffix=".log")
        api_port = free_port()
        environment = {
            **SETTINGS,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_LAMBDA_FUNCTION_NAME": crate,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "PATH": os.environ["PATH"],
        }
        command = [
            str(RUNTIME),
            # Its own defaults listen on every address.
            *["--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"],
            *["--runtime-api-address", f"127.0.0.1:{api_port}"],
            *["--log-level", "error"],
            str(FUNCTIONS / crate / "bootstrap"),
        ]
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log, cwd="/")
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < deadline and self.process.poll() is None, self.said()
            time.sleep(0.05)

    def invoke(self, event) -> tuple[int, bytes]:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        connection.request("POST", INVOKE, body)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def answer(self, event) -> tuple[int, str]:
        """What API Gateway would make of it."""
        status, said = self.invoke(event)
        assert status == 200, (said, self.said())
        answer = json.loads(said)
        assert "statusCode" in answer, (answer, self.said())
        return answer["statusCode"], answer.get("body") or ""

    def kill_program(self) -> None:
        """As a panic that aborts would: the program is gone in the middle of nothing."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            children += (task / "children").read_text().split()
        assert children, "the function does not run"
        for child in set(children):
            os.kill(int(child), signal.SIGKILL)

    def said(self) -> str:
        return Path(self.log.name).read_text()[-4000:]

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.log.close()


def event(name: str) -> dict:
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """The emulated services, with a table of the template's making."""
    folder, port = tmp_path_factory.mktemp("services"), free_port()
    with (folder / "log").open("w") as log:
        emulator = start_emulator(folder, port, log)
        address = f"http://127.0.0.1:{port}"
        table = boto3.client(
            "dynamodb",
            region_name=REGION,
            endpoint_url=address,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        stated = translated()["Resources"]["Table"]["Properties"]
        table.create_table(
            TableName=SETTINGS["SESAME_TABLE"],
            **{name: stated[name] for name in ["AttributeDefinitions", "KeySchema", "BillingMode"]},
        )
        yield address
        emulator.terminate()
        emulator.wait(20)


@pytest.fixture
def run(request):
    """Starts functions, and stops them whatever happens."""

    def start(crate: str, endpoint: str, **more) -> Function:
        function = Function(crate, endpoint, **more)
        request.addfinalizer(function.stop)
        return function

    return start


@pytest.mark.parametrize(("name", "crate", "status", "body"), ANSWERS, ids=[each[0] for each in ANSWERS])
def test_each_event_is_answered_as_the_contract_says(services, run, name, crate, status, body):
    function = run(crate, services)
    first = function.answer(event(name))
    assert first[0] == status and re.search(body, first[1]), (first, function.said())
    # Asked again, the same: the proof is the idempotency key. A challenge is never the same twice.
    again = function.answer(event(name))
    assert again == first or name == "challenge" and again[0] == status


def test_the_sender_is_done_with_a_mail_that_is_not_there(services, run):
    status, said = run("mail-sender", services).invoke(event("mail-sender"))
    assert (status, json.loads(said)) == (200, {"batchItemFailures": []})


@pytest.mark.parametrize("name", TOLD)
def test_the_tracker_is_done_with_a_mail_that_is_not_there(services, run, name):
    status, said = run("mail-tracker", services).invoke(event(f"ses/{name}"))
    assert (status, json.loads(said)) == (200, None)


def test_the_schedule_finds_nobody_to_ask_in_a_table_without_holders(services, run):
    status, said = run("presence", services).invoke(event("presence-schedule"))
    assert (status, json.loads(said)) == (200, None)


def test_the_watch_of_the_desk_measures_a_table_without_cases(services, run):
    status, said = run("desk-watch", services).invoke(event("desk-watch"))
    assert (status, json.loads(said)) == (200, None)


def test_every_event_is_one_of_these():
    stems = {path.stem for path in (ROOT / "events").glob("*.json")}
    assert stems == {name for name, *_ in ANSWERS} | {"mail-sender", "presence-schedule", "desk-watch"}
    assert TOLD and {path.name for path in (ROOT / "events").iterdir() if path.is_dir()} == {"ses"}


def test_a_function_that_runs_out_of_time_answers_the_next(services, run):
    gate = Gate(services)
    function = run("check-siret", gate.address, timeout_seconds=2)
    assert function.answer(event("check-siret"))[0] == 200
    gate.is_open.clear()
    _, said = function.invoke(event("check-siret"))
    assert b"timed out after 2.00 seconds" in said, said
    gate.is_open.set()
    assert function.answer(event("check-siret"))[0] == 200


def test_a_function_that_dies_answers_the_next(services, run):
    gate = Gate(services)
    function = run("check-siret", gate.address)
    assert function.answer(event("check-siret"))[0] == 200
    gate.is_open.clear()
    threading.Timer(0.5, function.kill_program).start()
    status, said = function.invoke(event("check-siret"))
    assert b"Runtime.ExitError" in said, (status, said)
    gate.is_open.set()
    assert function.answer(event("check-siret"))[0] == 200


@pytest.mark.parametrize("crate", ["check-siret", "mail-sender", "mail-tracker", "session"])
@pytest.mark.parametrize(
    "bad", [b"not json", b"{}", b"[]", b'"text"', b'{"version":"2.0"}', b'{"Records":[{}]}']
)
def test_a_malformed_event_leaves_a_usable_function(services, run, crate, bad):
    function = run(crate, services)
    function.invoke(bad)
    good = {"session": "session-show", "mail-tracker": "ses/delivery"}
    status, said = function.invoke(event(good.get(crate, crate)))
    assert status == 200 and b"errorType" not in said, (said, function.said())


def test_a_query_that_makes_no_address_is_a_missing_one(services, run):
    odd = {**event("challenge"), "rawQueryString": 'action=<">'}
    status, said = run("challenge", services).answer(odd)
    assert status == 422 and '"code":"required"' in said


def test_a_body_beyond_all_measure_is_refused(services, run):
    function = run("check-siret", services)
    large = event("check-siret")
    large["body"] = json.dumps({"siret": "1" * (17 * 1024)})
    status, body = function.answer(large)
    assert status == 413 and '"type":"/problems/body-too-large"' in body, body
    # Over what Lambda itself takes (6 MiB): whatever becomes of it, the next one is answered.
    large["body"] = "x" * (7 * 1024 * 1024)
    function.invoke(large)
    assert function.answer(event("check-siret"))[0] == 200
