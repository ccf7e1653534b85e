"""The AWS emulator, with the ten things added that it lacks (ministack 1.5.33). Started by deploy.py, never by hand.

1. `dynamodb:LeadingKeys`: it authorises calls of the table by action and table only. Here also by the partition key of
   each item, so that a policy which names too few keys is denied here as on AWS.
2. `ses:SendEmail`: it authorises a mail on no resource and without its sender. Here on the sender's domain and on the
   configuration set, with `ses:FromAddress`, so that the template's policy holds as it is written.
3. Pipes to SQS: it keeps such a pipe's records and delivers none. Here by the pipe's own filter and input template,
   read and sent with the rights of the pipe's role.
4. Its list of mails leaves out whom a reply goes to. Here it is kept.
5. It speaks plain http, which the policies of queues and buckets deny. Here the loopback counts as TLS.
6. Updating a nested stack, it forgets the attributes of what did not change. Here they are kept.
7. CloudFront's store of keys is asked at a host of the account's own, which no DNS knows here. Whoever takes the emulator
   for his HTTP proxy reaches it: what a proxy is asked for has the host before the path.
8. It reads a secret again only when the text of its resource changes. CloudFormation keeps no secret: it reads it whenever
   the resource is updated, by a parameter too. Here likewise.
9. It does not know releases by canary, checks from outside, alarms over alarms, alarms that compute over several metrics, nor the records of
   DKIM. Here they are made, and do nothing.
10. Its SES grants 14 mails a second, to which the senders would keep. Here a thousand: nobody counts them.
"""

import json
import os
import re
import time

import boto3
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import lambda_svc, pipes, ses_v2
from ministack.services.cloudformation import provisioners, stacks

ENDPOINT = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"


class Resource(str):
    """An ARN that brings condition keys along, and further resources that the same call needs."""

    context: dict = {}
    others: tuple = ()


def resource(arn: str, context: dict, others: tuple = ()) -> Resource:
    made = Resource(arn)
    made.context, made.others = context, others
    return made


def body_of(body: bytes) -> dict:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


# ------------------------------------------------------------------------------------------- 1. leading keys


def leading_key(call: dict) -> list:
    """The partition keys that one call, or one item of a transaction, names: a batch names many."""
    if "RequestItems" in call:
        keys = [key for asked in call["RequestItems"].values() for key in asked.get("Keys", [])]
        return sorted({key["pk"]["S"] for key in keys})
    key = (call.get("Key") or call.get("Item") or {}).get("pk")
    if key is None and "KeyConditionExpression" in call:
        named = re.search(r"\bpk\s*=\s*(:\w+)", call["KeyConditionExpression"])
        key = call.get("ExpressionAttributeValues", {}).get(named[1]) if named else None
    return [key["S"]] if isinstance(key, dict) and "S" in key else []


plain_context = iam_actions.dynamodb_service_context


def context_with_keys(body: bytes) -> dict:
    keys = leading_key(body_of(body))
    return plain_context(body) | ({"dynamodb:LeadingKeys": keys} if keys else {})


plain_transaction_checks = iam_actions.dynamodb_transaction_checks


def transaction_checks_with_keys(iam_action: str, body: bytes, region: str, account: str) -> list:
    checks = plain_transaction_checks(iam_action, body, region, account)
    items = (
        [detail for item in body_of(body).get("TransactItems", []) for detail in item.values()]
        if checks
        else []
    )
    return [
        (action, resource(arn, {"dynamodb:LeadingKeys": leading_key(item)}))
        for (action, arn), item in zip(checks, items, strict=True)
    ]


# ------------------------------------------------------------------------------------------------- 2. mails

plain_resource = iam_actions.extract_resource_arn


def resource_with_sender(service, method, path, headers, body, query, region, account):
    # A call of a stream names the stream; the emulator takes it for any.
    if "StreamArn" in body_of(body):
        return body_of(body)["StreamArn"]
    if service != "ses" or not path.rstrip("/").endswith("/outbound-emails"):
        return plain_resource(service, method, path, headers, body, query, region, account)
    mail = body_of(body)
    address = re.sub(r"^.*<|>$", "", mail.get("FromEmailAddress", ""))
    arn = f"arn:aws:ses:{region}:{account}"
    sets = (
        (f"{arn}:configuration-set/{mail['ConfigurationSetName']}",)
        if mail.get("ConfigurationSetName")
        else ()
    )
    return resource(f"{arn}:identity/{address.split('@')[-1]}", {"ses:FromAddress": address}, sets)


plain_enforce = iam_evaluator.enforce


def enforce(access_key, iam_action, service, region, resource_arn="*", service_context=None):
    context = (service_context or {}) | getattr(resource_arn, "context", {})
    for arn in (str(resource_arn), *getattr(resource_arn, "others", ())):
        denied = plain_enforce(
            access_key, iam_action, service, region, resource_arn=arn, service_context=context
        )
        if denied:
            print(f"DENIED {iam_action} on {arn} with {json.dumps(context)}", flush=True)
            return denied
    return None


# ------------------------------------------------------------------------------------------------- 3. pipes

properties_of_pipes: dict = {}
handlers = provisioners._RESOURCE_HANDLERS["AWS::Pipes::Pipe"]
plain_create = handlers["create"]


def create_pipe(logical_id, props, stack_name):
    name, attributes = plain_create(logical_id, props, stack_name)
    properties_of_pipes[name] = props
    return name, attributes


def client_of_role(service: str, role_arn: str):
    """A client with the rights of a role, as functions have theirs."""
    account, region = role_arn.split(":")[4], os.environ["MINISTACK_REGION"]
    arn = f"arn:aws:lambda:{region}:{account}:function:pipe"
    given = lambda_runtime.execution_credentials(
        {"Role": role_arn, "FunctionArn": arn, "FunctionName": "pipe"}
    )
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=ENDPOINT,
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=given.get("AWS_SESSION_TOKEN"),
    )


def value_at(record: dict, path: str) -> str:
    value = record
    for step in path.split("."):
        value = value[step]
    return value


def deliver(pipe: dict, batch: list) -> bool:
    props = properties_of_pipes[pipe["Name"]]
    filters = props["SourceParameters"]["FilterCriteria"]["Filters"]
    template = props["TargetParameters"]["InputTemplate"]
    # The emulator reads the stream by itself; whether the role may is asked all the same.
    client_of_role("dynamodbstreams", pipe["RoleArn"]).describe_stream(StreamArn=pipe["Source"])
    queue = client_of_role("sqs", pipe["RoleArn"])
    region, account, name = pipe["Target"].split(":")[3:6]
    for record in batch:
        if any(lambda_svc._match_esm_filter(record, json.loads(each["Pattern"])) for each in filters):
            text = re.sub(r"<\$\.([\w.]+)>", lambda match: value_at(record, match[1]), template)
            queue.send_message(QueueUrl=f"{ENDPOINT}/{account}/{name}", MessageBody=text)
    return True


def poll_for_ever() -> None:
    while True:
        try:
            pipes._poll_once()
        except Exception as error:
            print(f"PIPE {type(error).__name__}: {error}", flush=True)
        time.sleep(0.1)


# ----------------------------------------------------------------------------------------------- 4. replies

# 10. What SES grants, in mails a second.
SEND_RATE = 1000.0

replies: dict = {}
plain_ses = ses_v2.handle_request


async def ses(method, path, headers, body, query_params):
    answer = await plain_ses(method, path, headers, body, query_params)
    if path.rstrip("/").endswith("/email/account") and answer[0] == 200:
        account = json.loads(answer[2])
        account["SendQuota"]["MaxSendRate"] = SEND_RATE
        return answer[0], answer[1], json.dumps(account).encode()
    if path.rstrip("/").endswith("/outbound-emails") and answer[0] == 200:
        replies[json.loads(answer[2])["MessageId"]] = body_of(body).get("ReplyToAddresses", [])
    return answer


plain_mails = app._handle_ses_messages_request


async def mails(method, path, headers, query_params):
    answer = await plain_mails(method, path, headers, query_params)
    if answer is None or answer[0] != 200:
        return answer
    listed = json.loads(answer[2])
    for mail in (mail for of_account in listed["messages"].values() for mail in of_account):
        mail["ReplyTo"] = replies.get(mail["MessageId"], [])
    return answer[0], answer[1], json.dumps(listed).encode()


# ------------------------------------------------------------------------------------------------ 5. transport

plain_origin = app.pin_request_origin


def pin_origin(source_ip: str, _secure_transport: bool) -> None:
    plain_origin(source_ip, True)


# ------------------------------------------------------------------------------------------- 6. nested stacks

attributes_of: dict = {}
plain_provision = provisioners._provision_resource
plain_update = provisioners._update_resource


def provision(resource_type, logical_id, *more, **named):
    physical_id, attributes = plain_provision(resource_type, logical_id, *more, **named)
    attributes_of[resource_type, physical_id] = attributes
    return physical_id, attributes


def update(resource_type, *more, **named):
    physical_id, attributes = plain_update(resource_type, *more, **named)
    attributes = attributes or attributes_of.get((resource_type, physical_id), {})
    attributes_of[resource_type, physical_id] = attributes
    return physical_id, attributes


# -------------------------------------------------------------------------------------------------- 7. by proxy

plain_app = app.app


async def by_proxy(scope, receive, send):
    if scope["type"] == "http" and "://" in scope["path"]:
        raw = scope.get("raw_path", scope["path"].encode())
        scope = scope | {"path": without_host(scope["path"]), "raw_path": without_host(raw.decode()).encode()}
    await plain_app(scope, receive, send)


def without_host(address: str) -> str:
    return "/" + address.split("://", 1)[1].partition("/")[2]


# ------------------------------------------------------------------------------------------------- 8. secrets

plain_references = stacks._resolve_dynamic_references


def references(value, previous=None, reuse_ssm=False, reuse_secrets=False):
    return plain_references(value, previous, reuse_ssm=reuse_ssm, reuse_secrets=False)


# --- 9. what no request meets

UNKNOWN = [
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Route53::HealthCheck",
]


def make(logical_id, _props, stack_name):
    return f"{stack_name}-{logical_id}", {}


def keep(physical_id, _old_props, _new_props, _stack_name):
    return physical_id, {}


plain_identity = provisioners._RESOURCE_HANDLERS["AWS::SES::EmailIdentity"]["create"]


def identity(logical_id, props, stack_name):
    physical_id, attributes = plain_identity(logical_id, props, stack_name)
    tokens = {
        f"DkimDNSToken{part}{number}": f"{part}{number}" for part in ["Name", "Value"] for number in [1, 2, 3]
    }
    return physical_id, tokens | attributes


plain_alarm = dict(provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"])


def alarm(logical_id, props, stack_name):
    return (make if "Metrics" in props else plain_alarm["create"])(logical_id, props, stack_name)


def changed_alarm(physical_id, old_props, new_props, stack_name, *more):
    if "Metrics" in new_props:
        return physical_id, {}
    return plain_alarm["update"](physical_id, old_props, new_props, stack_name, *more)


if __name__ == "__main__":
    for kind in UNKNOWN:
        provisioners._RESOURCE_HANDLERS[kind] = {"create": make, "update": keep, "delete": lambda *_: None}
    provisioners._RESOURCE_HANDLERS["AWS::SES::EmailIdentity"]["create"] = identity
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"] |= {"create": alarm, "update": changed_alarm}
    stacks._resolve_dynamic_references = references
    app.app = by_proxy
    provisioners._provision_resource = provision
    provisioners._update_resource = update
    app.pin_request_origin = pin_origin
    iam_actions.dynamodb_service_context = context_with_keys
    iam_actions.dynamodb_transaction_checks = transaction_checks_with_keys
    iam_actions.extract_resource_arn = resource_with_sender
    iam_evaluator.enforce = enforce
    handlers["create"] = provisioners._pipes_pipe_create = create_pipe
    pipes._deliver_batch = deliver
    pipes._poll_loop = poll_for_ever
    ses_v2.handle_request = ses
    app._handle_ses_messages_request = mails
    app.main()
