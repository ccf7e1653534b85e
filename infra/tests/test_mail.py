"""Mail on AWS, read off the templates: two lanes from stream to sender, what is tried how often, SES, and what it tells."""

import json
import re

import pytest
from translated import ROOT, arn, as_list, of_type, properties, resources, source

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
    # Four hours of tries, a minute apart, while the queue still keeps the mail.
    tries_seconds = redrive["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert tries_seconds == 4 * 3600 < queue["MessageRetentionPeriod"]
    for name in ["MailDeadLetters", "OutboxDeadLetters", "EventDeadLetters"]:
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


def test_the_rate_is_that_of_ses_unless_an_operator_says_less():
    rate = source()["Parameters"]["MailRate"]
    assert rate["Default"] == rate["MinValue"] == 0
    # What the code takes 0 for.
    code = (ROOT / "functions" / "mail-sender" / "src" / "lib.rs").read_text()
    assert "(rate > 0).then_some" in code
    # It asks SES for the rate, which no resource and no sender is named for.
    assert "get_account()" in (ROOT / "functions" / "mail-sender" / "src" / "pace.rs").read_text()
    statements = properties("MailSenderPolicy")["PolicyDocument"]["Statement"]
    (asks,) = [each for each in statements if "ses:GetAccount" in as_list(each["Action"])]
    assert asks == {"Sid": "AskRate", "Effect": "Allow", "Action": "ses:GetAccount", "Resource": "*"}


def test_the_page_for_operators_tells_the_shares_that_the_code_takes():
    code = (ROOT / "functions" / "mail-sender" / "src" / "pace.rs").read_text()
    page = " ".join((ROOT / "docs" / "operations.md").read_text().split())
    assert "(Lane::Links, 7.0 / 8.0), (Lane::Desk, 1.0 / 8.0)" in code and "Links have seven eighths" in page
    assert re.search(r"QUOTA_\w+: f64 = 0\.05;", code) and "the last 5 % are kept for links" in page
    assert "LIMITS_VALID: SignedDuration = SignedDuration::from_mins(5)" in code
    assert "The senders ask SES every five minutes" in page
    # Why a mail is put off, in our own words: each has its line.
    for word in set(re.findall(r'NotNow\("([a-z-]+)"\)', code)) - {"out-of-time"}:
        assert f"- `{word}`: " in page


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
    assert queues.keys() == {
        "LinksQueue", "DeskQueue", "MailDeadLetters", "OutboxDeadLetters", "EventDeadLetters",
    }  # fmt: skip
    for queue in queues.values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
    policies = of_type("AWS::SQS::QueuePolicy")
    # Each has one: SQS keeps no second.
    of_queues = [each["Ref"] for policy in policies.values() for each in policy["Properties"]["Queues"]]
    assert sorted(of_queues) == sorted(queues)
    for policy in policies.values():
        statement, *others = policy["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny" and statement["Principal"] == "*"
        assert statement["Action"] == "sqs:*"
        assert as_list(statement["Resource"]) == [arn(each["Ref"]) for each in policy["Properties"]["Queues"]]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert bool(others) == (policy is policies["EventDeadLettersPolicy"])


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
        # The empty list overrides the account's suppression list with none; without it that list holds.
        assert each["Properties"]["SuppressionOptions"] == {"SuppressedReasons": []}
        # Whether it sends is state: a deployment must not open again what bounces have stopped.
        assert "SendingOptions" not in each["Properties"]
        destination = properties(f"{name}ToBus")
        assert destination["ConfigurationSetName"] == {"Ref": name}
        told = destination["EventDestination"]
        assert told["Enabled"] is True
        assert set(told["MatchingEventTypes"]) == set(SES_EVENTS)
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


# ------------------------------------------------------------------------------------- what became of each mail

# What a configuration set is asked to tell, and the word of the event.
SES_EVENTS = {
    "send": "Send",
    "delivery": "Delivery",
    "deliveryDelay": "DeliveryDelay",
    "bounce": "Bounce",
    "complaint": "Complaint",
    "reject": "Reject",
    "renderingFailure": "Rendering Failure",
}
RULES = ["MailsTold", "DelaysTold"]
# The rule of each function that a schedule calls.
SCHEDULES = {"Presence": "PresenceHours", "DeskWatch": "DeskHours"}


def told_by_ses() -> list:
    return [json.loads(path.read_text()) for path in sorted((ROOT / "events" / "ses").glob("*.json"))]


def deployed(value):
    """A pattern as it is deployed under the name `sesame`."""
    if isinstance(value, list):
        return [deployed(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return deployed(properties(value["Ref"])["Name"])
    if "Fn::Sub" in value:
        given = {"Prefix": "sesame", "AWS::Partition": "aws", "AWS::Region": "eu-west-3", "AWS::AccountId": "1"}
        return re.sub(r"\$\{([^}]+)\}", lambda match: given[match[1]], value["Fn::Sub"])
    return {key: deployed(each) for key, each in value.items()}


def passes(pattern: dict, event: dict) -> bool:
    """As EventBridge compares, of what these rules use: one of the values that are stated is one of the event's."""
    for key, stated in pattern.items():
        found = event.get(key)
        if isinstance(stated, dict):
            if not isinstance(found, dict) or not passes(stated, found):
                return False
        elif found is None or not set(stated) & set(as_list(found)):
            return False
    return True


def test_each_kind_of_event_has_a_sample_and_is_read():
    assert {event["detail"]["eventType"] for event in told_by_ses()} == set(SES_EVENTS.values())
    code = (ROOT / "functions" / "mail-tracker" / "src" / "event.rs").read_text()
    for word in SES_EVENTS.values():
        assert f'"{word}"' in code


def test_what_ses_tells_of_our_mails_reaches_the_tracker_and_nothing_of_others():
    rule = deployed(properties("MailsTold")["EventPattern"])
    for event in told_by_ses():
        tags = event["detail"]["mail"]["tags"]
        for name in ["sesame-mails", "sesame-unproven"]:
            tags["ses:configuration-set"] = [name]
            assert passes(rule, event)
        for name in ["sesame", "sesame-mails-2", "other-mails"]:
            tags["ses:configuration-set"] = [name]
            assert not passes(rule, event)
        del tags["ses:configuration-set"]
        assert not passes(rule, event)
        tags["ses:configuration-set"] = ["sesame-mails"]
        assert not passes(rule, event | {"source": "aws.cloudwatch"})


def test_the_alarm_of_links_tells_of_delays_and_of_their_end():
    rule = deployed(properties("DelaysTold")["EventPattern"])

    def alarm(name: str, state: str) -> dict:
        return {
            "source": "aws.cloudwatch",
            "detail-type": "CloudWatch Alarm State Change",
            "resources": [f"arn:aws:cloudwatch:eu-west-3:1:alarm:{name}"],
            "detail": {"alarmName": name, "state": {"value": state}},
        }

    ours = deployed(properties("OldestLink")["AlarmName"])
    assert passes(rule, alarm(ours, "ALARM")) and passes(rule, alarm(ours, "OK"))
    assert not passes(rule, alarm(ours, "INSUFFICIENT_DATA"))
    for other in ["sesame-oldest-desk-mail", "sesame-mail", "sesame-staging-oldest-link"]:
        assert not passes(rule, alarm(other, "ALARM"))
    code = (ROOT / "functions" / "mail-tracker" / "src" / "event.rs").read_text()
    assert 'Some("ALARM") =>' in code and 'Some("OK") =>' in code


def test_the_rules_call_the_published_tracker_and_nobody_else_may():
    given = properties("Mail")["Parameters"]
    assert given["Tracker"] == {"Ref": "MailTrackerLive"}
    assert given["TrackerFunction"] == {"Ref": "MailTrackerFunction"}
    assert given["TrackerRole"] == {"Ref": "MailTrackerRole"}
    for name in RULES:
        assert "EventBusName" not in properties(name) and properties(name).get("State", "ENABLED") == "ENABLED"
        (target,) = properties(name)["Targets"]
        assert target["Arn"] == {"Ref": "Tracker"}
        # By the function's own policy: a role would be for other targets.
        assert "RoleArn" not in target and "Input" not in target
    by_events = {
        name: each["Properties"]
        for name, each in of_type("AWS::Lambda::Permission").items()
        if each["Properties"]["Principal"] == "events.amazonaws.com"
    }
    assert by_events.keys() == {f"{name}Permission" for name in [*RULES, *SCHEDULES.values()]}
    for name in RULES:
        assert by_events[f"{name}Permission"] == {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Tracker"},
            "Principal": "events.amazonaws.com",
            "SourceArn": arn(name),
        }


def test_an_event_that_nobody_takes_is_kept():
    for name in RULES:
        (target,) = properties(name)["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": arn("EventDeadLetters")}
        assert 60 <= target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 3600
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 185
    (calls,) = of_type("AWS::Lambda::EventInvokeConfig").values()
    # Lambda refuses a queue that the role may not write to.
    assert calls["DependsOn"] == "MailTrackerPolicy"
    # Of the alias that is called, and not of the function's latest code.
    alias = properties("MailTrackerLive")
    assert alias["FunctionName"] == {"Ref": "MailTrackerFunction"}
    assert calls["Properties"] == {
        "FunctionName": {"Ref": "TrackerFunction"},
        "Qualifier": alias["Name"],
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 6 * 3600,
        "DestinationConfig": {"OnFailure": {"Destination": arn("EventDeadLetters")}},
    }
    policy = properties("MailTrackerPolicy")
    assert policy["Roles"] == [{"Ref": "TrackerRole"}]
    (may,) = policy["PolicyDocument"]["Statement"]
    assert (may["Effect"], may["Action"], may["Resource"]) == ("Allow", "sqs:SendMessage", arn("EventDeadLetters"))
    _, lets = properties("EventDeadLettersPolicy")["PolicyDocument"]["Statement"]
    assert (lets["Effect"], lets["Action"], lets["Resource"]) == ("Allow", "sqs:SendMessage", arn("EventDeadLetters"))
    assert lets["Principal"] == {"Service": "events.amazonaws.com"}
    assert lets["Condition"] == {"ArnEquals": {"aws:SourceArn": [arn(name) for name in RULES]}}


@pytest.mark.parametrize("function", SCHEDULES)
def test_each_hour_a_schedule_calls_the_published_function_and_nobody_else_may(function):
    schedule = SCHEDULES[function]
    assert properties("Mail")["Parameters"][function] == {"Ref": f"{function}Live"}
    rule = properties(schedule)
    assert rule["ScheduleExpression"] == "rate(1 hour)" and rule.get("State", "ENABLED") == "ENABLED"
    assert "EventPattern" not in rule
    # As often as one machine does.
    assert "PERIOD: Duration = Duration::from_secs(60 * 60);" in (ROOT / "src" / "schedule.rs").read_text()
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": function} and "RoleArn" not in target and "Input" not in target
    # What is not handed over within an hour, the next one makes up for.
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600 and "DeadLetterConfig" not in target
    assert properties(f"{schedule}Permission") == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": function},
        "Principal": "events.amazonaws.com",
        "SourceArn": arn(schedule),
    }
