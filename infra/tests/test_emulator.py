"""The template deployed into the emulator with functions that do as they are told: roles, mails, levers."""

import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile

import pytest
import runbook
from botocore.config import Config
from translated import FUNCTIONS, ROOT, STATED

sys.path.insert(0, str(ROOT / "infra" / "tests" / "emulator"))
from chores import Chores, shell  # noqa: E402
from deploy import BUCKET, STACK, Deployment  # noqa: E402

# Every key that a function states, and some that none does.
KEYS = sorted(
    {key for each in STATED for _, key in each["grants"]} | {"WARMUP", "NOTICE#*", "WARMUP#*", "OTHER"}
)
ACTIONS = ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "ConditionCheckItem"]

# A function that makes the calls of the table that its event lists, and says which were let through. As an
# API it writes what it is sent, in a transaction; as a sender it sends a word for each message; as a tracker it
# notes that it was told.
PROBE = r"""
import json, os, urllib.request
import boto3
from botocore.config import Config
API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation"
TABLE = os.environ["SESAME_TABLE"]
table = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
DENIED = "AccessDeniedException"

def call(action, pk):
    key = {"pk": {"S": pk}, "sk": {"S": "PROBE"}}
    if action == "Query":
        value = {":pk": {"S": pk}, ":prefix": {"S": "P"}}
        condition = "pk = :pk AND begins_with(sk, :prefix)"
        table.query(TableName=TABLE, KeyConditionExpression=condition, ExpressionAttributeValues=value)
    elif action == "ConditionCheckItem":
        check = {"TableName": TABLE, "Key": key, "ConditionExpression": "attribute_not_exists(nothing)"}
        table.transact_write_items(TransactItems=[{"ConditionCheck": check}])
    elif action == "BatchGetItem":
        table.batch_get_item(RequestItems={TABLE: {"Keys": [key]}})
    elif action == "PutItem":
        table.put_item(TableName=TABLE, Item=key)
    else:
        getattr(table, {"GetItem": "get_item", "UpdateItem": "update_item", "DeleteItem": "delete_item"}[action])(TableName=TABLE, Key=key)

def is_allowed(action, pk):
    try:
        call(action, pk)
        return True
    except Exception as error:
        if DENIED not in str(error):
            raise
        return False

def send(message):
    mail = json.loads(message["body"])
    assert list(mail) == ["mail_id"], mail
    body = {"Text": {"Data": "text"}, "Html": {"Data": "html"}}
    boto3.client("sesv2").send_email(
        FromEmailAddress=os.environ["SESAME_MAIL_FROM"], ReplyToAddresses=[os.environ["SESAME_AGENCY_ADDRESS"]],
        Destination={"ToAddresses": ["jeanne@exemple.fr"]}, ConfigurationSetName=os.environ["SESAME_CONFIGURATION_SET"],
        Content={"Simple": {"Subject": {"Data": mail["mail_id"]}, "Body": body}})

def sends_as(sender):
    try:
        boto3.client("sesv2").send_email(
            FromEmailAddress=sender, Destination={"ToAddresses": ["jeanne@exemple.fr"]},
            Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}})
        return True
    except Exception as error:
        return DENIED not in str(error) and repr(error)

def asks_rate():
    try:
        return boto3.client("sesv2").get_account()["SendQuota"]["MaxSendRate"]
    except Exception as error:
        return DENIED not in str(error) and repr(error)

def answer(event):
    if event.get("source") == "aws.ses":
        key = {"pk": {"S": "MAIL#" + event["detail"]["mail"]["tags"]["mail_id"][0]}, "sk": {"S": "TOLD"}}
        return table.update_item(TableName=TABLE, Key=key) and None
    if "rate" in event:
        return asks_rate()
    if "variable" in event:
        return os.environ.get(event["variable"])
    if "calls" in event:
        return [is_allowed(*one) for one in event["calls"]]
    if "sender" in event:
        return sends_as(event["sender"])
    if "Records" in event:
        failed = []
        for message in event["Records"]:
            try:
                send(message)
            except Exception as error:
                print(repr(error), flush=True)
                failed.append({"itemIdentifier": message["messageId"]})
        return {"batchItemFailures": failed}
    rows = json.loads(event["body"])
    if rows:
        table.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE, "Item": row}} for row in rows])
    return {"statusCode": 202, "headers": {"content-type": "application/json"}, "body": "{}"}

while True:
    with urllib.request.urlopen(API + "/next") as asked:
        request, event = asked.headers["Lambda-Runtime-Aws-Request-Id"], json.load(asked)
    try:
        path, said = "response", answer(event)
    except Exception as error:
        path, said = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
    body = json.dumps(said).encode()
    urllib.request.urlopen(urllib.request.Request(API + "/" + request + "/" + path, data=body, method="POST")).read()
"""


def packed(program: str) -> bytes:
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, f"#!{sys.executable}\n{program}")
    return archived.getvalue()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    for each in STATED:
        (folder / f"{each['name']}.zip").write_bytes(packed(PROBE))
    with (folder / "log").open("w") as log:
        deployment = Deployment(folder, None, 0, "small", 100, log)
        yield deployment
        deployment.stop()


def invoke(deployed: Deployment, crate: str, event: dict):
    asked = {"FunctionName": deployed.functions[crate], "Qualifier": "live", "Payload": json.dumps(event)}
    answer = deployed.client("lambda").invoke(**asked)
    said = json.load(answer["Payload"])
    assert "FunctionError" not in answer, said
    return said


def post(deployed: Deployment, path: str, rows: list) -> int:
    asked = urllib.request.Request(
        deployed.front.address + path,
        data=json.dumps(rows).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(asked) as answer:
        return answer.status


def mail_row(name: str, lane: str) -> dict:
    words = {"pk": f"MAIL#{name}", "sk": "MAIL", "mail_id": name, "lane": lane}
    return {key: {"S": value} for key, value in words.items()}


def until(is_so, seconds: int = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def mails(deployed: Deployment) -> list:
    with urllib.request.urlopen(f"{deployed.front.address}/mailbox.json") as answer:
        return json.load(answer)


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_the_deployed_role_lets_pass_what_the_function_does_and_nothing_else(deployed, logical):
    calls = [(action, key) for action in ACTIONS for key in KEYS]
    event = {"calls": [(action, key.replace("*", "PROBE")) for action, key in calls]}
    allowed = invoke(deployed, FUNCTIONS[logical]["name"], event)
    stated = {("GetItem", "WARMUP")} | {(action, key) for action, key in FUNCTIONS[logical]["grants"]}
    assert {one for one, is_allowed in zip(calls, allowed, strict=True) if is_allowed} == stated


def test_only_the_sender_sends_and_only_as_itself(deployed):
    ours = "ne-pas-repondre@sesame.example"
    assert invoke(deployed, "mail-sender", {"sender": f"Nom <{ours}>"}) is True
    assert invoke(deployed, "mail-sender", {"sender": "directeur@sesame.example"}) is False
    assert invoke(deployed, "mail-sender", {"sender": "ne-pas-repondre@exemple.fr"}) is False
    assert invoke(deployed, "recover", {"sender": ours}) is False


def test_only_the_sender_asks_what_ses_grants(deployed):
    assert invoke(deployed, "mail-sender", {"rate": True}) == 1000
    for crate in ["mail-tracker", "recover"]:
        assert invoke(deployed, crate, {"rate": True}) is False


def test_the_deployed_rules_take_what_is_told_of_our_mails_to_the_tracker(deployed):
    events, tracker = deployed.client("events"), deployed.functions["mail-tracker"]
    rules = {rule["Name"]: rule for rule in events.list_rules()["Rules"]}
    told = {}
    for name, rule in rules.items():
        for target in events.list_targets_by_rule(Rule=name)["Targets"]:
            if target["Arn"].endswith(f":function:{tracker}:live"):
                assert target["DeadLetterConfig"]["Arn"].endswith(f":{STACK}-event-dead-letters")
                told[name] = rule
    assert len(told) == 2

    def takers(event: dict) -> int:
        asked = [{"EventPattern": rule["EventPattern"], "Event": json.dumps(event)} for rule in told.values()]
        return sum(events.test_event_pattern(**one)["Result"] for one in asked)

    for event in map(json.loads, (path.read_text() for path in (ROOT / "events" / "ses").glob("*.json"))):
        for name, taken in [(f"{STACK}-mails", 1), (f"{STACK}-unproven", 1), (STACK, 0)]:
            event["detail"]["mail"]["tags"]["ses:configuration-set"] = [name]
            assert takers(event) == taken
    config = deployed.client("lambda").get_function_event_invoke_config(FunctionName=tracker, Qualifier="live")
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 21600)
    failed = config["DestinationConfig"]["OnFailure"]["Destination"]
    assert failed.endswith(f":{STACK}-event-dead-letters")
    assert deployed.outputs["EventDeadLettersUrl"].endswith(f"/{STACK}-event-dead-letters")


def test_a_committed_outbox_row_becomes_a_mail(deployed):
    before = len(mails(deployed))
    rows = [mail_row("01A", "links"), mail_row("01B", "desk")]
    proof = {"pk": {"S": "PROOF#x"}, "sk": {"S": "PROOF"}, "mail_id": {"S": "no mail"}}
    assert post(deployed, "/api/recover/identifier", [proof, *rows]) == 202
    until(lambda: len(mails(deployed)) >= before + 2)
    # And what is no outbox row has not passed either.
    time.sleep(0.5)
    arrived = mails(deployed)[: len(mails(deployed)) - before]
    assert sorted(mail["subject"] for mail in arrived) == ["01A", "01B"]
    for mail in arrived:
        assert mail["from"] == "Activite partielle <ne-pas-repondre@sesame.example>"
        assert mail["to"] == ["jeanne@exemple.fr"] and mail["reply_to"] == ["contact-ap@asp-public.fr"]
        assert mail["text"] == "text" and mail["html"] == "html"
    for lane in ["Links", "Desk"]:
        asked = {"QueueUrl": deployed.outputs[f"{lane}QueueUrl"], "AttributeNames": ["All"]}
        waiting = deployed.client("sqs").get_queue_attributes(**asked)["Attributes"]
        assert (
            waiting["ApproximateNumberOfMessages"] == waiting["ApproximateNumberOfMessagesNotVisible"] == "0"
        )


def test_a_lane_goes_on_when_the_other_stands_still(deployed):
    pipes, before = deployed.client("pipes"), len(mails(deployed))
    pipes.stop_pipe(Name=deployed.outputs["DeskPipeName"])
    try:
        assert (
            post(deployed, "/api/recover/identifier", [mail_row("01C", "desk"), mail_row("01D", "links")])
            == 202
        )
        until(lambda: len(mails(deployed)) > before)
        assert [mail["subject"] for mail in mails(deployed)[: len(mails(deployed)) - before]] == ["01D"]
    finally:
        pipes.start_pipe(Name=deployed.outputs["DeskPipeName"])
    until(lambda: mails(deployed)[0]["subject"] == "01C")


def test_every_path_is_answered_and_no_other(deployed):
    for path in ["/api/challenge", "/api/recover/password", "/api/session"]:
        assert post(deployed, path, []) == 202
    for path in ["/api/unknown", "/api/recover", "/api/session/more"]:
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(deployed, path, [])
        assert refused.value.code == 404


def test_ttl_is_as_the_template_states(deployed):
    stated = deployed.client("dynamodb").describe_time_to_live(TableName=deployed.outputs["TableName"])
    assert stated["TimeToLiveDescription"]["AttributeName"] == "expires_at"


def test_rows_are_copied_back_from_a_restored_table(deployed):
    """What docs/operations.md has an operator do once the table is restored beside the one that serves."""
    table, restored = deployed.client("dynamodb"), "restored"
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    table.create_table(
        TableName=restored,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    for pk in ["ACCOUNT#1", "ACCOUNT#2", "TICKET#1"]:
        table.put_item(
            TableName=restored, Item={"pk": {"S": pk}, "sk": {"S": "ROW"}, "from": {"S": "restored"}}
        )
    serving = deployed.outputs["TableName"]
    standing = {"pk": {"S": "ACCOUNT#2"}, "sk": {"S": "ROW"}, "from": {"S": "serving"}}
    table.put_item(TableName=serving, Item=standing)

    environment = os.environ | {
        "AWS_ENDPOINT_URL": deployed.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-3",
    }
    command = [sys.executable, ROOT / "infra" / "copy_rows.py", "--from", restored, "--to", serving]
    command += ["--prefix", "ACCOUNT#"]
    counted = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert counted.stdout == "1 rows would be written, 1 were there already\n", counted.stderr
    done = subprocess.run([*command, "--yes"], capture_output=True, text=True, env=environment)
    assert done.stdout == "1 rows written, 1 were there already\n", done.stderr

    def row(pk: str):
        found = table.get_item(TableName=serving, Key={"pk": {"S": pk}, "sk": {"S": "ROW"}}).get("Item")
        return found and found["from"]["S"]

    assert [row("ACCOUNT#1"), row("ACCOUNT#2"), row("TICKET#1")] == ["restored", "serving", None]


# -------------------------------------------------------------------------------------------------- levers


@pytest.fixture(scope="module")
def xtask(deployed):
    """The emulator's stack is production's."""
    return Chores(deployed.endpoint)


def parameters(deployed: Deployment) -> dict:
    (stack,) = deployed.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def code(deployed: Deployment) -> dict:
    """The digest of what each function runs."""
    functions = deployed.client("lambda")
    live = {crate: {"FunctionName": name, "Qualifier": "live"} for crate, name in deployed.functions.items()}
    return {
        crate: functions.get_function_configuration(**asked)["CodeSha256"] for crate, asked in live.items()
    }


def test_set_changes_what_it_names_and_nothing_else(deployed, xtask):
    before, code_before = parameters(deployed), code(deployed)
    assert invoke(deployed, "challenge", {"variable": "SESAME_PROOF_COUNTER"}) == "100"
    xtask("set", "ProofCounter=321", "--env", "production")
    after = parameters(deployed)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"ProofCounter", "Published"} and after["ProofCounter"] == "321"
    # It has reached what the API calls, and no code was touched.
    assert invoke(deployed, "challenge", {"variable": "SESAME_PROOF_COUNTER"}) == "321"
    assert code(deployed) == code_before


def test_set_refuses_what_is_no_parameter_or_may_not_fall(deployed, xtask):
    before = parameters(deployed)
    assert "no parameter to set" in xtask.refused("set", "Sise=deadline", "--env", "production")
    assert "no parameter to set" in xtask.refused("set", "Version=other", "--env", "production")
    assert "never falls" in xtask.refused("set", "KeysGeneration=0", "--env", "production")
    assert "go together" in xtask.refused("set", "SiteDomain=sesame.example", "--env", "production")
    assert "WebAclArn is missing" in xtask.refused("set", "WebAcl=on", "--env", "production")
    assert parameters(deployed) == before


def test_close_and_open_touch_no_stack(deployed, xtask):
    before = parameters(deployed)
    store = deployed.client("cloudfront-keyvaluestore", config=Config(proxies={"http": deployed.endpoint}))
    for lever, word in [("close", "yes"), ("open", "no")]:
        xtask(lever, "--env", "production")
        said = store.get_key(KvsARN=deployed.outputs["SiteStateArn"], Key="closed")
        assert said["Value"] == word
    assert parameters(deployed) == before


def test_a_mail_is_shown_to_an_operator_without_its_person(deployed, xtask):
    mail, identifier = "01KAV2Q3N8W4T5R6Y7Z8A9B0CD", "AP-7K3M-Q2FD"
    texts = {
        "pk": f"MAIL#{mail}",
        "sk": "MAIL",
        "mail_state": "bounced",
        "reason": "mailbox-full",
        "lane": "links",
        "job": json.dumps({"kind": "activation", "identifier": identifier}),
    }
    row = {name: {"S": text} for name, text in texts.items()} | {"created_at": {"N": "1795000000"}}
    deployed.client("dynamodb").put_item(TableName=deployed.outputs["TableName"], Item=row)
    said = xtask("mail", "show", mail, "--env", "production")
    assert "mail_state     bounced" in said and "mailbox-full" in said and "activation" in said
    assert identifier not in said
    assert "no such mail" in xtask.refused("mail", "show", mail[:-1] + "E", "--env", "production")
    assert "26 symbols" in xtask.refused("mail", "show", "1", "--env", "production")


def release(deployed: Deployment, version: str, program: str) -> None:
    """Deploys a release whose functions run another program, and keeps its template where releases are kept."""
    cloudformation, s3 = deployed.client("cloudformation"), deployed.client("s3")
    template = s3.get_object(Bucket=BUCKET, Key="template.yaml")["Body"].read().decode()
    template = template.replace(f"s3://{BUCKET}/", f"s3://{BUCKET}/{version}-")
    for each in STATED:
        s3.put_object(Bucket=BUCKET, Key=f"{version}-{each['name']}.zip", Body=packed(program))
    key = f"sesame/releases/{version}/template.yaml"
    s3.put_object(Bucket=RELEASES, Key=key, Body=template.encode())
    s3.put_object(Bucket=RELEASES, Key=f"sesame/releases/{version}/pages/index.html", Body=version.encode())
    given = parameters(deployed) | {
        "Version": version,
        "Published": str(int(time.time())),
        "Release": "canary",
    }
    cloudformation.update_stack(
        StackName=STACK,
        TemplateURL=f"{deployed.endpoint}/{RELEASES}/{key}",
        Parameters=[
            # What is not shown (NoEcho) is not said anew.
            {"ParameterKey": name, "UsePreviousValue": True}
            if name == "OpenIdClientSecret"
            else {"ParameterKey": name, "ParameterValue": value}
            for name, value in given.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    until(lambda: status(deployed) == "UPDATE_COMPLETE", 60)


def status(deployed: Deployment) -> str:
    return deployed.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]


RELEASES = "releases"


def test_a_rollback_takes_the_code_of_then_and_the_parameters_of_today(deployed, xtask):
    s3 = deployed.client("s3")
    s3.create_bucket(Bucket=RELEASES, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    bucket = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"SourceBucket": {"Value": RELEASES}},
    }
    cloudformation = deployed.client("cloudformation")
    cloudformation.create_stack(StackName="aws-sam-cli-managed-default", TemplateBody=json.dumps(bucket))
    release(deployed, "one", PROBE + "# one")
    code_of_one = code(deployed)
    release(deployed, "two", PROBE + "# two")
    assert code(deployed) != code_of_one
    xtask("set", "ProofCounter=777", "--env", "production")

    # In seconds, by the aliases: the version of the release before, with its variables.
    xtask("rollback", "--env", "production")
    assert code(deployed) == code_of_one
    assert parameters(deployed)["Version"] == "two"
    assert invoke(deployed, "challenge", {"variable": "SESAME_PROOF_COUNTER"}) == "321"

    # And for good.
    xtask("rollback", "--env", "production", "one")
    assert code(deployed) == code_of_one
    assert parameters(deployed)["Version"] == "one" and parameters(deployed)["ProofCounter"] == "777"
    assert invoke(deployed, "challenge", {"variable": "SESAME_PROOF_COUNTER"}) == "777"
    assert invoke(deployed, "challenge", {"variable": "SESAME_VERSION"}) == "one"
    pages = s3.get_object(Bucket=deployed.outputs["PagesBucketName"], Key="index.html")["Body"].read()
    assert pages == b"one"


# The page is written for version 2 of the AWS command line, which PyPI has not: version 1 cannot export
# credentials, and asks SQS at an address of its own.
VERSION_1 = """
aws() {
  case $1 in
    configure) ;;
    sqs) command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
    *) command aws "$@" ;;
  esac
}
"""


def test_the_lines_of_the_runbook_do_what_they_say(deployed):
    """Those that the emulator can run, one after another in one shell, as docs/operations.md has them typed."""
    tried = [block.text for block in runbook.BLOCKS if block.is_tried]
    assert len(tried) >= 10 and tried[0].startswith("stack=sesame")
    script = "set -euo pipefail\n" + VERSION_1 + "\n".join(tried)
    keys = ["ProofKeySecret", "ProofKeyPreviousSecret"]
    before = [secret(deployed, name) for name in keys]
    table, lost = deployed.client("dynamodb"), mail_row("03A", "desk") | {"mail_state": {"S": "queued"}}
    table.put_item(TableName=deployed.outputs["TableName"], Item=lost | {"pk": {"S": "MAIL#03A"}})
    told = json.loads((ROOT / "events" / "ses" / "bounce.json").read_text())
    rung = {"source": "aws.cloudwatch", "detail": {"state": {"value": "ALARM"}}}
    # As Lambda gives it up, as a rule does, and what is of its hour.
    for event in [{"requestPayload": told}, told, rung]:
        deployed.client("sqs").send_message(
            QueueUrl=deployed.outputs["EventDeadLettersUrl"],
            MessageBody=json.dumps(event, separators=(",", ":")),
        )
    sent = len(mails(deployed))
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=os.environ | shell(deployed.endpoint)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # `change`: the parameters that were named, and what they are published by.
    after = parameters(deployed)
    assert after["ProofCounter"] == "4000" and after["KeysGeneration"] == "3"
    assert invoke(deployed, "challenge", {"variable": "SESAME_PROOF_COUNTER"}) == "4000"
    # The keys have changed places, the older one is another, and the functions have read them.
    assert secret(deployed, keys[1]) == before[0] and secret(deployed, keys[0]) not in before
    assert invoke(deployed, "challenge", {"variable": "SESAME_PROOF_KEY"}) == secret(deployed, keys[0])
    # What had not reached its queue was put there.
    until(lambda: len(mails(deployed)) > sent)
    # What SES had told was told again, and the queue is empty.
    (mail,) = told["detail"]["mail"]["tags"]["mail_id"]
    noted = {"TableName": deployed.outputs["TableName"], "Key": {"pk": {"S": f"MAIL#{mail}"}, "sk": {"S": "TOLD"}}}
    until(lambda: "Item" in table.get_item(**noted))
    asked = {"QueueUrl": deployed.outputs["EventDeadLettersUrl"], "AttributeNames": ["All"]}
    left = deployed.client("sqs").get_queue_attributes(**asked)["Attributes"]
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"


def secret(deployed: Deployment, output: str) -> str:
    return deployed.client("secretsmanager").get_secret_value(SecretId=deployed.outputs[output])[
        "SecretString"
    ]


def test_a_table_that_is_gone_is_made_anew_by_its_generation(deployed, xtask):
    """As docs/operations.md has it. The last test here: the table is gone."""
    table, lost = deployed.client("dynamodb"), deployed.outputs["TableName"]
    table.update_table(TableName=lost, DeletionProtectionEnabled=False)
    table.delete_table(TableName=lost)
    xtask("set", "TableGeneration=2", "--env", "production")
    (stack,) = deployed.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs["TableName"] == f"{STACK}-2" and outputs["LinksPipeName"] == f"{STACK}-links-2"
    assert post(deployed, "/api/recover/identifier", [mail_row("02A", "links")]) == 202
    until(lambda: mails(deployed)[0]["subject"] == "02A")
