"""`cargo xtask deploy`, as it is, into the emulator: of an artefact whose programs are none, twice, and back again."""

import base64
import hashlib
import io
import json
import shutil
import sys
import zipfile
from pathlib import Path

import boto3
import pytest
from translated import NESTED, ROOT, STATED

sys.path.insert(0, str(ROOT / "infra" / "tests" / "emulator"))
from chores import Chores  # noqa: E402
from deploy import REGION, free_port, start_emulator  # noqa: E402

STACK = "sesame"
# What an ELF header says of its machine.
MACHINES = {"x86_64": 62, "arm64": 183}


class Place:
    """An account that is empty at first."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.xtask = Chores(endpoint)

    def client(self, service: str, region: str = REGION):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=region, endpoint_url=self.endpoint, **keys)

    def stack(self) -> dict:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return stack

    def parameters(self) -> dict:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.stack()["Parameters"]}

    def outputs(self) -> dict:
        return {each["OutputKey"]: each["OutputValue"] for each in self.stack()["Outputs"]}

    def page(self) -> str:
        found = self.client("s3").get_object(Bucket=self.outputs()["PagesBucketName"], Key="index.html")
        assert found["CacheControl"] == "no-cache"
        return found["Body"].read().decode()

    def code(self) -> set:
        functions = self.client("lambda")
        names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
        assert len(names) == len(STATED)
        live = [functions.get_function_configuration(FunctionName=name, Qualifier="live") for name in names]
        return {each["CodeSha256"] for each in live}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("account"), free_port()
    with (folder / "log").open("w") as log:
        emulator = start_emulator(folder, port, log)
        yield Place(f"http://127.0.0.1:{port}")
        emulator.terminate()
        emulator.wait(20)


def artefact(folder: Path, version: str, architecture: str = "arm64") -> str:
    """What `cargo xtask build` leaves, of programs that say no more than their machine and their version."""
    program = b"\x7fELF" + bytes(14) + bytes([MACHINES[architecture], 0]) + version.encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("bootstrap"), program)
    for each in STATED:
        (folder / "functions" / each["name"]).mkdir(parents=True)
        (folder / "functions" / each["name"] / "bootstrap").write_bytes(program)
        (folder / "functions" / f"{each['name']}.zip").write_bytes(packed.getvalue())
    for name in ["template.yaml", *NESTED, "edge.yaml", "outside.yaml"]:
        shutil.copy(ROOT / "infra" / name, folder / name)
    (folder / "pages" / "assets").mkdir(parents=True)
    (folder / "pages" / "index.html").write_text(version)
    (folder / "pages" / "assets" / "page.js").write_text(version)
    digest = base64.b64encode(hashlib.sha256(packed.getvalue()).digest()).decode()
    functions = {each["name"]: digest for each in STATED}
    manifest = {"version": version, "architecture": architecture, "functions": functions}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return digest


def deploy(folder: Path) -> list:
    return ["deploy", "--env", "production", "--artefact", str(folder)]


def test_an_empty_account_becomes_a_site(place, tmp_path):
    digest = artefact(tmp_path, "v1")
    place.xtask(*deploy(tmp_path), "--yes")
    assert place.outputs()["DeployedVersion"] == place.page() == "v1"
    assert place.code() == {digest}
    # The edge was made first, and handed over.
    assert place.parameters()["WebAclArn"].startswith("arn:aws:wafv2:us-east-1:")
    # What looks from outside came last.
    outside = place.client("cloudformation", "us-east-1").describe_stacks(StackName=f"{STACK}-outside")
    assert outside["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_protections_come_on_once_the_stack_stands(place):
    assert place.parameters()["TableDeletionProtection"] == "true"
    table = place.client("dynamodb").describe_table(TableName=place.outputs()["TableName"])["Table"]
    # The emulator keeps the word of the template.
    assert str(table["DeletionProtectionEnabled"]).lower() == "true"
    assert place.stack()["EnableTerminationProtection"] is True
    policy = place.client("cloudformation").get_stack_policy(StackName=STACK)["StackPolicyBody"]
    assert json.loads(policy) == json.loads((ROOT / "infra" / "stack-policy.json").read_text())


def test_what_was_not_built_so_is_not_deployed(place, tmp_path):
    for name, spoil, said in [
        ("machine", {"architecture": "x86_64"}, "Architecture is arm64"),
        ("digest", {"functions": {each["name"]: "other" for each in STATED}}, "is not what was built"),
        ("dirty", {"version": "v9-dirty"}, "from a commit"),
    ]:
        folder = tmp_path / name
        artefact(folder, "v9")
        manifest = json.loads((folder / "manifest.json").read_text()) | spoil
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert said in place.xtask.refused(*deploy(folder), "--yes")
    folder = tmp_path / "elf"
    artefact(folder, "v9", "x86_64")
    manifest = json.loads((folder / "manifest.json").read_text()) | {"architecture": "arm64"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "no program for arm64" in place.xtask.refused(*deploy(folder), "--yes")
    assert place.outputs()["DeployedVersion"] == "v1"


def test_who_says_no_changes_nothing_and_publishes_no_page(place, tmp_path):
    artefact(tmp_path, "v2")
    assert "nothing was changed" in place.xtask.refused(*deploy(tmp_path), said="no\n")
    assert place.outputs()["DeployedVersion"] == place.page() == "v1"


def test_a_release_keeps_the_parameters_of_today_and_so_does_the_way_back(place, tmp_path):
    first = place.code()
    place.xtask("set", "ProofCounter=500", "Size=small", "--env", "production")
    digest = artefact(tmp_path, "v2")
    place.xtask(*deploy(tmp_path), "--yes")
    assert place.outputs()["DeployedVersion"] == place.page() == "v2" and place.code() == {digest}
    of_today = {"ProofCounter": "500", "Size": "small"}
    assert of_today.items() <= place.parameters().items() and place.parameters()["Release"] == "canary"
    place.xtask("rollback", "--env", "production", "v1")
    assert place.outputs()["DeployedVersion"] == place.page() == "v1" and place.code() == first
    assert of_today.items() <= place.parameters().items()
    # An asset of a release that is gone stays for the pages that are open.
    place.client("s3").head_object(Bucket=place.outputs()["PagesBucketName"], Key="assets/page.js")
