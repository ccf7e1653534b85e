"""The template deployed into the emulator with functions that do as they are told: what each role may do, and mails."""

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
from botocore.exceptions import ClientError
from test_template import FUNCTIONS, NEEDS
from translated import ROOT

sys.path.insert(0, str(ROOT / "infra" / "tests" / "emulator"))
from deploy import STACK, Deployment  # noqa: E402

KEYS = ["SIRET#*", "ACCOUNT#*", "LINK#*", "PROOF#*", "SESSION#*", "ATTEMPTS#*", "QUOTA#*", "NOTICE", "TICKET#*"]
KEYS += ["SUBMISSION#*", "MAIL#*", "WARMUP", "NOTICE#*", "WARMUP#*", "OTHER"]
ACTIONS = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "ConditionCheckItem"]

# A function that makes the calls of the table that its event lists, and says which were let through. As an API it
# writes what it is sent, in a transaction; as a sender it sends a word for each message.
PROBE = r'''
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

def answer(event):
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
'''


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, f"#!{sys.executable}\n{PROBE}")
    for crate in FUNCTIONS.values():
        (folder / f"{crate}.zip").write_bytes(packed.getvalue())
    with (folder / "log").open("w") as log:
        deployment = Deployment(folder, None, 0, "small", 100, log)
        yield deployment
        deployment.stop()


def invoke(deployed: Deployment, crate: str, event: dict):
    answer = deployed.client("lambda").invoke(FunctionName=deployed.functions[crate], Payload=json.dumps(event))
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


def mails(deployed: Deployment) -> list:
    with urllib.request.urlopen(f"{deployed.front.address}/mailbox.json") as answer:
        return json.load(answer)


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_the_deployed_role_lets_pass_what_the_function_does_and_nothing_else(deployed, logical):
    calls = [(action, key) for action in ACTIONS for key in KEYS]
    event = {"calls": [(action, key.replace("*", "PROBE")) for action, key in calls]}
    allowed = invoke(deployed, FUNCTIONS[logical], event)
    assert {one for one, is_allowed in zip(calls, allowed, strict=True) if is_allowed} == NEEDS[logical]


def test_only_the_sender_sends_and_only_as_itself(deployed):
    ours = "ne-pas-repondre@sesame.example"
    assert invoke(deployed, "mail-sender", {"sender": f"Nom <{ours}>"}) is True
    assert invoke(deployed, "mail-sender", {"sender": "directeur@sesame.example"}) is False
    assert invoke(deployed, "mail-sender", {"sender": "ne-pas-repondre@exemple.fr"}) is False
    assert invoke(deployed, "recover", {"sender": ours}) is False


def test_a_committed_outbox_row_becomes_a_mail(deployed):
    before = len(mails(deployed))
    rows = [{"pk": {"S": f"MAIL#{name}"}, "sk": {"S": "MAIL"}, "mail_id": {"S": name}} for name in ["01A", "01B"]]
    proof = {"pk": {"S": "PROOF#x"}, "sk": {"S": "PROOF"}, "mail_id": {"S": "no mail"}}
    assert post(deployed, "/api/recover/identifier", [proof, *rows]) == 202
    deadline = time.monotonic() + 20
    while len(mails(deployed)) < before + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    # And what is no outbox row has not passed either.
    time.sleep(0.5)
    arrived = mails(deployed)[: len(mails(deployed)) - before]
    assert sorted(mail["subject"] for mail in arrived) == ["01A", "01B"]
    for mail in arrived:
        assert mail["from"] == "Activite partielle <ne-pas-repondre@sesame.example>"
        assert mail["to"] == ["jeanne@exemple.fr"] and mail["reply_to"] == ["contact-ap@asp-public.fr"]
        assert mail["text"] == "text" and mail["html"] == "html"
    waiting = deployed.client("sqs").get_queue_attributes(
        QueueUrl=deployed.outputs["MailQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    assert waiting["ApproximateNumberOfMessages"] == waiting["ApproximateNumberOfMessagesNotVisible"] == "0"


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
        table.put_item(TableName=restored, Item={"pk": {"S": pk}, "sk": {"S": "ROW"}, "from": {"S": "restored"}})
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


def update(deployed: Deployment, changed: dict) -> dict:
    """Deploys the same template with other parameters. Gives the outputs."""
    cloudformation = deployed.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]} | changed
    cloudformation.update_stack(
        StackName=STACK,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    deadline = time.monotonic() + 60
    while "IN_PROGRESS" in stack["StackStatus"] or stack["StackStatus"] == "CREATE_COMPLETE":
        assert time.monotonic() < deadline
        time.sleep(0.1)
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_domain_without_its_certificate_is_refused_at_once(deployed):
    with pytest.raises(ClientError, match="SiteDomain and CertificateArn go together"):
        update(deployed, {"SiteDomain": "sesame.example"})


def test_a_table_that_is_gone_is_made_anew_by_its_generation(deployed):
    """As docs/operations.md has it. The last test here: the table is gone."""
    table, lost = deployed.client("dynamodb"), deployed.outputs["TableName"]
    table.update_table(TableName=lost, DeletionProtectionEnabled=False)
    table.delete_table(TableName=lost)
    outputs = update(deployed, {"TableGeneration": "2"})
    assert outputs["TableName"] == f"{STACK}-2" and outputs["OutboxPipeName"] == f"{STACK}-outbox-2"
    before = len(mails(deployed))
    row = {"pk": {"S": "MAIL#02A"}, "sk": {"S": "MAIL"}, "mail_id": {"S": "02A"}}
    assert post(deployed, "/api/recover/identifier", [row]) == 202
    deadline = time.monotonic() + 20
    while len(mails(deployed)) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert mails(deployed)[0]["subject"] == "02A"
