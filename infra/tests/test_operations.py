"""docs/operations.md: what it names is there, and what it has people type can be read. Some of it is run: test_emulator."""

import json
import re
import subprocess

import pytest
from runbook import BLOCKS, PAGE
from samcli.yamlhelper import yaml_parse
from translated import FUNCTIONS, NESTED, ROOT, properties, resources, source

TEMPLATES = ["template.yaml", *NESTED, "edge.yaml", "outside.yaml", "vault.yaml"]
# Words of AWS: codes of SES and quotas, which no file of ours says.
AWS_WORDS = {
    "SendingPausedException",
    "AccountSuspendedException",
    "MessageRejected",
    "MailFromDomainNotVerifiedException",
    "NotFoundException",
    "TooManyRequestsException",
    "LimitExceededException",
    "BadRequestException",
    "AccessDeniedException",
    "MaxSendRate",
    "Max24HourSend",
    "State",
    "Enabled",
    "Sandbox.Timedout",
}


def parameters() -> set:
    return {name for template in TEMPLATES for name in source(template).get("Parameters", {})}


def outputs() -> set:
    return set(source()["Outputs"])


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_what_people_type_can_be_read_by_a_shell(block):
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
    assert done.returncode == 0, block.text + done.stderr


def test_every_output_that_is_asked_for_is_there():
    asked = set(re.findall(r"\$\(out (\w+)\)", PAGE)) | set(re.findall(r"output `(\w+)`", PAGE))
    assert asked and asked <= outputs()


def test_every_parameter_that_is_set_is_there():
    said = "\n".join(re.findall(r"(?:cargo xtask set|change|--parameter-overrides) [^`\n]+", PAGE))
    given = set(re.findall(r"\b([A-Z]\w+)=", said)) | set(re.findall(r"`([A-Z]\w+)=", PAGE))
    assert {"Size", "LoginProof", "KeysGeneration", "PasswordsPerAddress"} <= given
    pipeline = set(
        re.findall(r"^  (\w+):", (ROOT / "infra" / "pipelines" / "roles.yaml").read_text(), re.MULTILINE)
    )
    assert given - pipeline - {"DynamoDB"} <= parameters()


def test_every_name_in_it_is_of_something():
    """Parameters, outputs, resources, metrics, sizes of the table's rows: whatever is written like a name of ours."""
    metrics = set(
        re.findall(
            r'MetricName["=: \\]+(\w+)', "\n".join((ROOT / "infra" / name).read_text() for name in NESTED)
        )
    )
    metrics |= set(re.findall(r'"Sesame", "(\w+)"', (ROOT / "infra" / "watch.yaml").read_text()))
    mappings = {name for template in TEMPLATES for name in source(template).get("Mappings", {})}
    statements = {"Send"}
    known = parameters() | outputs() | resources().keys() | metrics | mappings | statements | AWS_WORDS
    known |= {name for template in TEMPLATES for name in source(template)["Resources"]}
    named = set(re.findall(r"`([A-Z][a-z0-9]+(?:[A-Z.][A-Za-z0-9]*)+)`", PAGE))
    assert len(named) > 30 and named - known == set()


def test_the_fields_of_the_log_are_those_that_the_code_writes():
    (sentence,) = re.findall(
        r"Logs are one JSON line for each request, in `[^`]+`: (.*?) when the fault is ours",
        " ".join(PAGE.split()),
    )
    fields = re.findall(r"`(\w+)`", sentence)
    assert {"service", "cold_start", "function_request_id", "correlation_id", "version", "outcome"} <= set(
        fields
    )
    code = (ROOT / "platform" / "src" / "telemetry.rs").read_text()
    written = code[code.index("pub fn request(") :]
    for field in fields:
        assert re.search(rf"\b{field}\b", written), field


def test_links_lead_to_paragraphs_and_paths_to_files():
    titles = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    links = set(re.findall(r"\]\(#([a-z-]+)\)", PAGE))
    assert links and links <= titles
    for path in re.findall(r"`(infra/[\w./-]+)`", PAGE) + re.findall(r"--template-file (\S+)", PAGE):
        assert (ROOT / path).exists(), path


def test_every_chore_is_one():
    usage = (ROOT / "xtask" / "src" / "main.rs").read_text()
    chores = set(re.findall(r"cargo xtask ([a-z]+)", PAGE))
    assert {"set", "close", "open", "rollback", "deploy", "destroy", "build"} <= chores
    for chore in chores:
        assert f'name: "{chore}"' in usage, chore


def test_every_function_that_is_named_is_one():
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE))
    alarms = set(re.findall(r"^### `([a-z-]+)`", PAGE, re.MULTILINE))
    # Why a mail is put off.
    code = (ROOT / "functions" / "mail-sender" / "src" / "pace.rs").read_text()
    codes = set(re.findall(r'NotNow\("([a-z-]+)"\)', code))
    assert named - alarms - codes - {"after-failures", "x-cache", "sesame-rehearsal"} <= {
        each["name"] for each in FUNCTIONS.values()
    }


def test_the_notice_of_delays_is_the_one_that_the_tracker_puts_up():
    code = (ROOT / "functions" / "mail-tracker" / "src" / "notice.rs").read_text()
    title = re.search(r'TITLE: &str = "([^"]+)"', code)[1]
    page = " ".join(PAGE.split())
    assert f"*{title}*" in page
    assert "SHOWN: SignedDuration = SignedDuration::from_hours(12)" in code and "twelve hours at the most" in page
    # A person's own must not be taken down with it.
    assert f'"{title}"' not in page


def test_the_bound_of_the_page_is_what_the_sender_is_told():
    assert properties("MailSenderFunction")["Environment"]["Variables"]["SESAME_MAIL_RATE"] == {
        "Ref": "MailRate"
    }


# ------------------------------------------------------------------------------------------------- pipelines

PIPELINES = ROOT / "infra" / "pipelines"


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_pipelines_call_the_chores_and_carry_one_artefact(name):
    text = (PIPELINES / name).read_text()
    assert yaml_parse(text)
    chores = re.findall(r"cargo xtask (\S+)", text)
    assert chores[:2] == ["build", "test"] and set(chores[2:]) == {"deploy"}
    # Built once: what follows takes what was built and tested.
    assert text.count("cargo xtask build") == 1 and "--artefact target/artefact --yes" in text
    # No key that lives longer than a job.
    assert "id-token" in text or "id_tokens" in text
    assert not re.search(r"AWS_(SECRET_)?ACCESS_KEY", text)


def test_a_role_of_a_pipeline_is_for_one_job_of_one_repository():
    stated = source("pipelines/roles.yaml")
    trust = json.loads(stated["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Fn::Sub"])
    (statement,) = trust["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {"${Issuer}:aud": "${Audience}", "${Issuer}:sub": "${Subject}"}
    }
    assert "*" not in stated["Parameters"]["Subject"]["AllowedPattern"].removeprefix("^").replace("[^*]", "")
