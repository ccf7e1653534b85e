"""Deploys infra/template.yaml into an AWS emulator on this machine, and says where its API and its mails are.

    python deploy.py --functions target/lambda [--pages web/dist] [--port 0] [--once]

`--functions` holds, for each crate, `<crate>/bootstrap.zip`, `<crate>/bootstrap` or `<crate>.zip`, as `cargo lambda
build` leaves them. The template is deployed as it is written, the transform of SAM included, but for what is said in
`prepared`. What a COMPLETE stack does not prove is asserted afterwards. Then one line of JSON is printed:

    {"site": "http://localhost:…", "mails": "http://localhost:…/mailbox.json", "endpoint": "http://127.0.0.1:…", …}

and it serves until it is told to stop: SIGTERM, Ctrl-C, or, with `--watch-stdin`, the end of its standard input.
Everything listens on the loopback only, and nothing is left behind. `SESAME_SITE=<site> cargo test --test journeys`
then walks the journeys through it.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

REGION = "eu-west-3"
STACK = "sesame"
BUCKET = "code"
MAIL_DOMAIN = "sesame.example"
# As tests/openid/provider.js knows them, and who logs in there.
CLIENT = ("sesame-desk", "sesame-development-agents-key")
AGENTS = {"demo-agent-1": "Camille Moreau", "demo-agent-2": "Dominique Petit"}
PORTS = range(12_000, 32_000)
PORT_RANKS = itertools.count(os.getpid() * 997)
READY_SECONDS_MAX = 60
STACK_SECONDS_MAX = 180

os.environ["AWS_DEFAULT_REGION"] = REGION

import boto3  # noqa: E402
from chores import Chores  # noqa: E402
from front import Front  # noqa: E402
from translated import FUNCTIONS, NESTED, STATED, source, translated  # noqa: E402


def free_port() -> int:
    """Below those of outgoing connections, so that none takes it first; another for each call and process."""
    for rank in PORT_RANKS:
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", PORTS.start + rank % len(PORTS)))
            return listener.getsockname()[1]


def start_emulator(folder: Path, port: int, log) -> subprocess.Popen:
    """ministack with server.py's additions, policies enforced, its state in `folder` and gone with it."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": REGION,
        "MINISTACK_REGION": REGION,
        "LAMBDA_EXECUTOR": "local",
        # As an account has it; the emulator would reckon with this machine's memory.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        "PYTHONUNBUFFERED": "1",
        "LOG_LEVEL": os.environ.get("EMULATOR_LOG_LEVEL", "WARNING"),
        # Else CloudFormation would look for a container engine.
        "DOCKER_HOST": "unix:///nonexistent",
    }
    command = [sys.executable, str(HERE / "server.py")]
    emulator = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if emulator.poll() is not None:
            raise SystemExit(f"the emulator ended at once: see {log.name}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/ready", timeout=2):
                return emulator
        except OSError:
            time.sleep(0.1)
    emulator.terminate()
    raise SystemExit("the emulator did not come up")


def start_provider(site: str) -> tuple:
    """The provider of agents' logins that others made, if `cargo xtask test openid` has installed it; its issuer."""
    folder = HERE.parents[2] / "tests" / "openid"
    if not (folder / "node_modules" / "oidc-provider").is_dir():
        return None, ""
    command = ["node", "provider.js", f"{site}/api/agents/callback", "ES256"]
    provider = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    for line in provider.stdout:
        if line.startswith("ready "):
            return provider, line.removeprefix("ready ").strip()
    raise SystemExit("the provider of agents' logins did not start")


def code_of(functions: Path, crate: str) -> bytes:
    """The zip of one function, made here if only the binary is there."""
    for candidate in [functions / crate / "bootstrap.zip", functions / f"{crate}.zip"]:
        if candidate.is_file():
            return candidate.read_bytes()
    binary = functions / crate / "bootstrap"
    if not binary.is_file():
        raise SystemExit(
            f"no function {crate} in {functions}: build them with `cargo lambda build --release`"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, binary.read_bytes())
    return packed.getvalue()


def prepared(name: str, site: str, endpoint: str, issuer: str) -> dict:
    """A template as it is deployed here. Three things are not as on AWS:

    1. Each function's code is a zip in a bucket of the emulator, and the nested templates are files there: what
       `sam package` makes of a folder and of a path.
    2. The site is where this machine serves it: no DNS knows the emulated CloudFront's address.
    3. So is the provider of agents' logins, without the TLS that the parameter asks for.
    """
    template = source(name)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            crate = Path(resource["Properties"]["CodeUri"]).stem
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/{crate}.zip"
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            if issuer and "SESAME_AGENTS_ISSUER" in variables:
                variables["SESAME_AGENTS_ISSUER"] = issuer
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            nested = resource["Properties"]
            nested["TemplateURL"] = f"{endpoint}/{BUCKET}/{nested['TemplateURL']}"
    if "Globals" in template:
        template["Globals"]["Function"]["Environment"]["Variables"]["SESAME_SITE"] = site
    return template


class Deployment:
    """A stack in an emulator, and who serves its address."""

    def __init__(self, functions: Path, pages: Path | None, port: int, size: str, proof_counter: int, log, has_agents=False):
        self.folder = Path(tempfile.mkdtemp(prefix="sesame-emulator-"))
        self.emulator = self.provider = None
        self.endpoint = f"http://127.0.0.1:{free_port()}"
        self.front = Front(port, self.endpoint, pages)
        try:
            self.provider, self.issuer = start_provider(self.front.address) if has_agents else (None, "")
            self.emulator = start_emulator(self.folder, int(self.endpoint.rsplit(":", 1)[1]), log)
            self.deploy(functions, size, proof_counter)
            self.front.api_id = self.outputs["ApiId"]
            threading.Thread(target=self.front.serve_forever, daemon=True).start()
            self.check()
            if self.issuer:
                self.add_agents()
        except BaseException:
            self.stop()
            raise

    def client(self, service: str, **more):
        return boto3.client(
            service,
            **more,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def deploy(self, functions: Path, size: str, proof_counter: int) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for each in STATED:
            s3.put_object(Bucket=BUCKET, Key=f"{each['name']}.zip", Body=code_of(functions, each["name"]))
        for name in ["template.yaml", *NESTED]:
            # JSON is YAML.
            body = json.dumps(prepared(name, self.front.address, self.endpoint, self.issuer)).encode()
            s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
        given = {
            "Architecture": architecture,
            "Size": size,
            "MailDomain": MAIL_DOMAIN,
            "ProofCounter": str(proof_counter),
            "AlarmEmail": "astreinte@sesame.example",
            # There is one region here, and no other for what CloudFront wants of us-east-1.
            "WebAcl": "off",
            "Version": "first",
            "Published": "1",
        }
        if self.issuer:
            given |= {"OpenIdClientId": CLIENT[0], "OpenIdClientSecret": CLIENT[1], "AgentAcr": "eidas2 eidas3"}
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=STACK,
            TemplateURL=f"{self.endpoint}/{BUCKET}/template.yaml",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        deadline = time.monotonic() + STACK_SECONDS_MAX
        while True:
            (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
            if stack["StackStatus"] == "CREATE_COMPLETE":
                break
            if "IN_PROGRESS" not in stack["StackStatus"] or time.monotonic() > deadline:
                events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
                failed = [event for event in events if "FAILED" in event["ResourceStatus"]]
                said = [
                    f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed
                ]
                raise SystemExit(f"the stack is {stack['StackStatus']}:\n" + "\n".join(said))
            time.sleep(0.2)
        resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
        # By crate, whatever CloudFormation called it.
        self.functions = {each["name"]: physical[f"{each['logical']}Function"] for each in STATED}
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.outputs["OriginSecretName"])
        self.front.origin_secret = secret["SecretString"]
        # The emulator takes the table without its TTL: it is asked for as the template states it.
        ttl = source()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
        self.client("dynamodb").update_time_to_live(
            TableName=self.outputs["TableName"], TimeToLiveSpecification=ttl
        )
        # And the functions without what is reserved for them.
        for name, each in translated(size)["Resources"].items():
            if each["Type"] == "AWS::Lambda::Function":
                crate = FUNCTIONS[name.removesuffix("Function")]["name"]
                reserved = each["Properties"]["ReservedConcurrentExecutions"]["Fn::If"][1]
                if isinstance(reserved, dict):
                    reserved = source()["Parameters"][reserved["Ref"]]["Default"]
                self.client("lambda").put_function_concurrency(
                    FunctionName=self.functions[crate], ReservedConcurrentExecutions=reserved
                )

    def add_agents(self) -> None:
        """By the chore that an operator uses."""
        xtask = Chores(self.endpoint)
        for sub, name in AGENTS.items():
            xtask("agent", "add", sub, "--name", name, "--env", "production")
        xtask("agent", "add", "demo-inconnu", "--name", "Claude Roux", "--env", "production")
        xtask("agent", "remove", "demo-inconnu", "--env", "production")

    def check(self) -> None:
        """A stack that says COMPLETE proves little: each part that a request or a mail passes is looked at."""
        stated = source()["Resources"]
        routes = {name for name, each in stated.items() if each["Type"].endswith("::Route")}
        wanted = {stated[name]["Properties"]["RouteKey"] for name in routes}
        api = self.client("apigatewayv2")
        listed = api.get_routes(ApiId=self.outputs["ApiId"])["Items"]
        assert {route["RouteKey"] for route in listed} == wanted, listed
        integrations = {
            one["IntegrationId"]: one for one in api.get_integrations(ApiId=self.outputs["ApiId"])["Items"]
        }
        for route in listed:
            assert route["Target"].removeprefix("integrations/") in integrations, route
        (stage,) = api.get_stages(ApiId=self.outputs["ApiId"])["Items"]
        assert stage["StageName"] == "$default" and stage["AutoDeploy"], stage

        functions = self.client("lambda")
        for crate, name in self.functions.items():
            function = functions.get_function(FunctionName=name, Qualifier="live")
            assert (
                function["Configuration"]["Version"] == "1" and function["Configuration"]["CodeSize"] > 0
            ), crate
            assert function["Configuration"]["Runtime"] == "provided.al2023", crate
            variables = function["Configuration"]["Environment"]["Variables"]
            assert variables["SESAME_TABLE"] == self.outputs["TableName"], crate
            assert not any("{{resolve" in value for value in variables.values()), crate
            reserved = functions.get_function_concurrency(FunctionName=name)
            assert reserved["ReservedConcurrentExecutions"] > 0, crate

        table = self.client("dynamodb").describe_table(TableName=self.outputs["TableName"])["Table"]
        assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, table
        for lane in ["Links", "Desk"]:
            self.check_lane(lane, table["LatestStreamArn"])
        keys = [
            name for name in self.outputs if name.endswith("KeySecret") or name.startswith("OriginSecret")
        ]
        secrets = {
            self.client("secretsmanager").get_secret_value(SecretId=self.outputs[name])["SecretString"]
            for name in [*keys, "ProofKeyPreviousSecret", "JournalKeyPreviousSecret"]
        }
        # Seeds are 43 letters and digits.
        assert sorted(map(len, secrets)) == [43] * 2 + [64] * 7

    def check_lane(self, lane: str, stream: str) -> None:
        """Stream, pipe, queue and mapping of one lane."""
        asked = {"QueueUrl": self.outputs[f"{lane}QueueUrl"], "AttributeNames": ["All"]}
        attributes = self.client("sqs").get_queue_attributes(**asked)["Attributes"]
        assert int(attributes["VisibilityTimeout"]) == 60, attributes
        redrive = json.loads(attributes["RedrivePolicy"])
        assert (
            redrive["deadLetterTargetArn"].endswith("mail-dead-letters")
            and int(redrive["maxReceiveCount"]) == 240
        )
        pipe = self.client("pipes").describe_pipe(Name=self.outputs[f"{lane}PipeName"])
        assert pipe["CurrentState"] == "RUNNING" and pipe["Source"] == stream, pipe
        assert pipe["Target"] == attributes["QueueArn"], pipe
        mappings = self.client("lambda").list_event_source_mappings(EventSourceArn=attributes["QueueArn"])
        (mapping,) = mappings["EventSourceMappings"]
        assert mapping["FunctionArn"].endswith(f":{self.functions['mail-sender']}:live"), mapping
        assert mapping["State"] == "Enabled" and mapping["BatchSize"] == 10, mapping
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], mapping
        assert mapping["ScalingConfig"]["MaximumConcurrency"] == 2, mapping

    def says(self) -> dict:
        return {
            "site": self.front.address,
            "mails": f"{self.front.address}/mailbox.json",
            "endpoint": self.endpoint,
            "region": REGION,
            "table": self.outputs["TableName"],
            "queue": self.outputs["LinksQueueUrl"],
            "dead_letters": self.outputs["MailDeadLettersUrl"],
            "mail_domain": MAIL_DOMAIN,
            "functions": self.functions,
            "issuer": self.issuer,
        }

    def stop(self) -> None:
        self.front.server_close()
        if self.provider:
            self.provider.kill()
        if self.emulator and self.emulator.poll() is None:
            self.emulator.terminate()
            try:
                self.emulator.wait(10)
            except subprocess.TimeoutExpired:
                self.emulator.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--port", type=int, default=0, help="of the site; 0 takes a free one")
    parser.add_argument("--size", default="small", help="the parameter Size")
    parser.add_argument(
        "--proof-counter", type=int, default=100, help="the parameter ProofCounter; tests want it low"
    )
    parser.add_argument("--log", type=Path, default=None, help="the emulator's log; else standard error")
    parser.add_argument("--once", action="store_true", help="deploy, check, stop")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when standard input ends")
    given = parser.parse_args()

    log = given.log.open("w") if given.log else sys.stderr
    stop = threading.Event()
    for number in [signal.SIGTERM, signal.SIGINT]:
        signal.signal(number, lambda *_: stop.set())
    deployment = Deployment(
        given.functions, given.pages, given.port, given.size, given.proof_counter, log, has_agents=True
    )
    try:
        print(json.dumps(deployment.says()), flush=True)
        if given.watch_stdin:
            threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
        while not given.once and not stop.is_set():
            if deployment.emulator.poll() is not None:
                print("the emulator has ended", file=sys.stderr)
                return 1
            stop.wait(0.5)
    finally:
        deployment.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
