"""Mail on AWS, read off the templates: two lanes from stream to sender, what is tried how often, SES."""

import json
import re

import pytest
from translated import ROOT, arn, of_type, properties, resources, source

LANES = ["Links", "Desk"]
SENDERS = [str(each) for each in source()["Parameters"]["MailSenders"]["AllowedValues"]]


@pytest.mark.parametrize("lane", LANES)
def test_only_new_outbox_rows_of_the_lane_pass_and_of_them_only_the_id(lane):
    pipe = properties(f"{lane}Pipe")
    assert pipe["Source"] == {"Ref": "TableStreamArn"} and pipe["Target"] == arn(f"{lane}Queue")
    (one,) = pipe["SourceParameters"]["FilterCriteria"]["Filters"]
    assert json.loads(one["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {
            "Keys": {"pk": {"S": [{"prefix": "MAIL#"}]}},
            "NewImage": {"lane": {"S": [lane.lower()]}},
        },
    }
    assert pipe["TargetParameters"]["InputTemplate"] == '{"mail_id":"<$.dynamodb.NewImage.mail_id.S>"}'
    # Else names would be in the log.
    assert "IncludeExecutionData" not in pipe["LogConfiguration"]


def test_the_lanes_are_those_of_the_code():
    code = (ROOT / "domain" / "src" / "mail.rs").read_text()
    for lane in LANES:
        assert f'Self::{lane} => "{lane.lower()}"' in code
    assert '.with("lane", ' in (ROOT / "platform" / "src" / "outbox.rs").read_text()


def test_a_stream_takes_no_more_than_two_readers():
    assert len(of_type("AWS::Pipes::Pipe")) == len(LANES) == 2


@pytest.mark.parametrize("lane", LANES)
def test_nothing_is_tried_for_ever(lane):
    stream = properties(f"{lane}Pipe")["SourceParameters"]["DynamoDBStreamParameters"]
    assert stream["BatchSize"] == 10
    # The hour that docs/operations.md promises, not fewer tries.
    assert stream["MaximumRecordAgeInSeconds"] == 3600 and stream["MaximumRetryAttempts"] == 10_000
    assert stream["OnPartialBatchItemFailure"] == "AUTOMATIC_BISECT"
    assert stream["DeadLetterConfig"] == {"Arn": arn("OutboxDeadLetters")}
    queue = properties(f"{lane}Queue")
    redrive = queue["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == arn("MailDeadLetters")
    # An hour of tries, a minute apart, while the queue still keeps the mail.
    tries_seconds = redrive["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert tries_seconds == 3600 < queue["MessageRetentionPeriod"]
    for name in ["MailDeadLetters", "OutboxDeadLetters"]:
        assert properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("lane", LANES)
def test_the_sender_cannot_outlive_the_lease_of_a_mail(lane):
    code = (ROOT / "platform" / "src" / "outbox.rs").read_text()
    lease_seconds = int(re.search(r"LEASE: SignedDuration = SignedDuration::from_secs\((\d+)\)", code)[1])
    assert (
        properties("MailSenderFunction")["Timeout"]
        < lease_seconds
        < properties(f"{lane}Queue")["VisibilityTimeout"]
    )


@pytest.mark.parametrize("lane", LANES)
def test_the_mapping_calls_the_published_sender_and_reports_the_mails_that_failed(lane):
    mapping = properties(f"{lane}Mapping")
    assert mapping["EventSourceArn"] == arn(f"{lane}Queue") and mapping["BatchSize"] == 10
    assert mapping["FunctionName"] == {"Ref": "Sender"}
    assert properties("Mail")["Parameters"]["Sender"] == {"Ref": "MailSenderLive"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # Its policy stands apart from its role.
    assert resources()[f"{lane}Mapping"]["DependsOn"] == "MailSenderPolicy"


@pytest.mark.parametrize("senders", SENDERS)
def test_the_queues_never_meet_a_throttle(senders):
    """Both lanes together call as often at once as is reserved, and neither starves."""
    shares = [
        properties(f"{lane}Mapping", "small", senders)["ScalingConfig"]["MaximumConcurrency"]
        for lane in LANES
    ]
    assert sum(shares) == int(senders)
    # Lambda's least.
    assert min(shares) >= 2 and shares[0] >= shares[1]
    assert properties("MailSenderFunction")["ReservedConcurrentExecutions"]["Fn::If"][1] == {
        "Ref": "MailSenders"
    }
    assert properties("MailSenderFunction")["Environment"]["Variables"]["SESAME_MAIL_SENDERS"] == {
        "Ref": "MailSenders"
    }


def test_the_page_for_operators_advises_senders_that_there_are():
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"\| `(small|standard|deadline)` \| ([\d,]+) \| (\d+) \|", page)
    assert [size for size, *_ in rows] == ["small", "standard", "deadline"]
    for _, rate, senders in rows:
        # Each takes some six a second: as many as use the rate, or the next number that there is.
        needed = int(rate.replace(",", "")) / 6
        assert int(senders) == min(int(number) for number in SENDERS if int(number) >= needed)


def test_queues_are_encrypted_and_spoken_to_by_tls_alone():
    queues = of_type("AWS::SQS::Queue")
    assert queues.keys() == {"LinksQueue", "DeskQueue", "MailDeadLetters", "OutboxDeadLetters"}
    for queue in queues.values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
    policy = properties("QueuesByTlsOnly")
    assert [each["Ref"] for each in policy["Queues"]] == list(queues)
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny" and statement["Principal"] == "*" and statement["Action"] == "sqs:*"
    assert statement["Resource"] == [arn(name) for name in queues]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_pipes_read_the_stream_and_write_to_their_queues():
    policy = properties("PipesPolicy")["PolicyDocument"]["Statement"]
    assert [statement["Resource"] for statement in policy] == [
        {"Ref": "TableStreamArn"},
        [arn("LinksQueue"), arn("DeskQueue"), arn("OutboxDeadLetters")],
    ]
    (trust,) = properties("PipesRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    trusted = [
        each["Fn::Sub"].split(":pipe/")[1] for each in trust["Condition"]["StringLike"]["aws:SourceArn"]
    ]
    assert trusted == ["${Prefix}-links-*", "${Prefix}-desk-*"]


def test_ses_signs_returns_and_tells():
    identity = properties("MailIdentity")
    assert identity["DkimAttributes"] == {"SigningEnabled": True}
    assert identity["DkimSigningAttributes"] == {"NextSigningKeyLength": "RSA_2048_BIT"}
    assert identity["MailFromAttributes"]["MailFromDomain"] == {"Fn::Sub": "rebond.${MailDomain}"}
    sets = of_type("AWS::SES::ConfigurationSet")
    assert {name: each["Properties"]["Name"]["Fn::Sub"] for name, each in sets.items()} == {
        "MailEvents": "${Prefix}-mails",
        "UnprovenMailEvents": "${Prefix}-unproven",
    }
    for name, each in sets.items():
        assert each["Properties"]["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
        assert each["Properties"]["ReputationOptions"] == {"ReputationMetricsEnabled": True}
        # Whether it sends is state: a deployment must not open again what bounces have stopped.
        assert "SendingOptions" not in each["Properties"]
        destination = properties(f"{name}ToBus")
        assert destination["ConfigurationSetName"] == {"Ref": name}
        told = destination["EventDestination"]
        assert told["Enabled"] is True
        assert {"send", "delivery", "bounce", "complaint", "reject"} <= set(told["MatchingEventTypes"])
        assert "event-bus/default" in told["EventBridgeDestination"]["EventBusArn"]["Fn::Sub"]


def test_the_sender_is_told_both_sets_by_their_names():
    given = properties("MailSenderFunction")["Environment"]["Variables"]
    assert given["SESAME_CONFIGURATION_SET"] == {"Fn::Sub": "${AWS::StackName}-mails"}
    assert given["SESAME_CONFIGURATION_SET_UNPROVEN"] == {"Fn::Sub": "${AWS::StackName}-unproven"}


def test_bounces_of_unproven_addresses_stop_their_set_and_no_other():
    alarm = properties("UnprovenBounces")
    assert alarm["MetricName"] == "Reputation.BounceRate" and alarm["Threshold"] == 0.04
    assert alarm["Dimensions"] == [
        {"Name": "ses:configuration-set", "Value": {"Fn::Sub": "${Prefix}-unproven"}}
    ]
    rule = properties("UnprovenBounced")
    assert rule["EventPattern"]["resources"] == [arn("UnprovenBounces")]
    assert rule["EventPattern"]["detail"] == {"state": {"value": ["ALARM"]}}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": "StopUnproven"}
    machine = json.loads(properties("StopUnproven")["DefinitionString"]["Fn::Sub"])
    stop = machine["States"][machine["StartAt"]]
    assert stop["Resource"].endswith(":states:::aws-sdk:sesv2:putConfigurationSetSendingOptions")
    assert stop["Parameters"] == {"ConfigurationSetName": "${Prefix}-unproven", "SendingEnabled": False}
    (statement,) = properties("StopUnprovenRole")["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "ses:PutConfigurationSetSendingOptions"
    assert statement["Resource"]["Fn::Sub"].endswith(":configuration-set/${Prefix}-unproven")
