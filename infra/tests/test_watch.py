"""Alarms and dashboard, read off the templates."""

import json
import re

import pytest
from translated import FUNCTIONS, ROOT, of_type, properties, resources, source

KINDS = {"Errors": "Errors", "Throttles": "Throttles", "Slow": "Duration"}
COMPOSITES = ["SiteAlarm", "MailAlarm", "SlownessAlarm", "DeskAlarm", "ReputationAlarm"]
OUTSIDE = source("outside.yaml")["Resources"]


def name_of(alarm: dict) -> str:
    """As it is deployed, without the stack's name before it."""
    return alarm["Properties"]["AlarmName"]["Fn::Sub"].split("}-", 1)[1]


def alarms() -> dict:
    return of_type("AWS::CloudWatch::Alarm")


def composites() -> dict:
    return of_type("AWS::CloudWatch::CompositeAlarm")


def children(composite: dict) -> list:
    """The names of what an alarm over alarms looks at."""
    named = re.findall(
        r'ALARM\("\$\{(\w+)\}(?:-([a-z-]+))?"\)', composite["Properties"]["AlarmRule"]["Fn::Sub"]
    )
    return [name if resource == "Prefix" else name_of(resources()[resource]) for resource, name in named]


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_alarms_of_each_function(logical):
    for kind, metric in KINDS.items():
        alarm = properties(f"{kind}{logical}")
        assert alarm["MetricName"] == metric and alarm["Namespace"] == "AWS/Lambda"
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": logical}}]
        assert properties("Watch")["Parameters"][logical] == {"Ref": f"{logical}Function"}
        assert name_of(resources()[f"{kind}{logical}"]) == f"{kind.lower()}-{FUNCTIONS[logical]['name']}"
    slow = properties(f"Slow{logical}")
    assert slow["ExtendedStatistic"] == "p90" and slow["Threshold"] == FUNCTIONS[logical]["slow_ms"]
    assert slow["Threshold"] < properties(f"{logical}Function")["Timeout"] * 1000


def test_there_is_an_alarm_for_each_thing_that_can_go_wrong():
    of_functions = {f"{kind}{logical}" for kind in KINDS for logical in FUNCTIONS}
    assert alarms().keys() - of_functions == {
        "ApiFailures", "ApiSlow", "Internal", "TableThrottles", "OldestLink", "OldestDeskMail", "CasesWaiting", "RetriedMails",
        "DeadMails", "StoppedLinksPipe", "StoppedDeskPipe", "PipeFailures", "DeadOutboxRows", "RefusedMails",
        "SuppressedMails", "DeadEvents", "Bounces", "Complaints", "UnprovenBounces", "UnprovenNotStopped",
        "AgentLogins", "AgentLoginDown", "Contests", "LateContests",
    }  # fmt: skip
    for alarm in alarms().values():
        assert alarm["Properties"]["TreatMissingData"] in {"notBreaching", "ignore"}


def test_a_crowded_evening_is_one_message_and_not_forty():
    """Every alarm is told by one of five, and by itself by none."""
    assert composites().keys() == {*COMPOSITES, *KINDS}
    for name, alarm in (alarms() | composites()).items():
        tells = {"AlarmActions", "OKActions"} & alarm["Properties"].keys()
        assert tells == ({"AlarmActions", "OKActions"} if name in COMPOSITES else set()), name
    topics = {name: properties(name)["AlarmActions"][0]["Ref"] for name in COMPOSITES}
    assert topics == {
        "SiteAlarm": "UrgentAlarms",
        "MailAlarm": "UrgentAlarms",
        "SlownessAlarm": "OtherAlarms",
        "DeskAlarm": "OtherAlarms",
        "ReputationAlarm": "OtherAlarms",
    }
    told = [child for name in COMPOSITES for child in children(composites()[name])]
    of_functions = [child for kind in KINDS for child in children(composites()[kind])]
    assert len(told) == len(set(told)) and len(of_functions) == len(set(of_functions))
    every = {name_of(alarm) for alarm in alarms().values()}
    assert set(told) | set(of_functions) == every | {kind.lower() for kind in KINDS}
    # AWS's own limit.
    assert all(len(children(each)) <= 100 for each in composites().values())


def test_what_turns_people_away_wakes_somebody():
    site, mail = children(composites()["SiteAlarm"]), children(composites()["MailAlarm"])
    assert {"api-failures", "errors", "throttles", "internal"} <= set(site)
    assert {"oldest-link", "stopped-links-pipe", "retried-mails", "unproven-bounces"} <= set(mail)
    # Every mail leaves: it can wait until the morning.
    assert "dead-events" in children(composites()["ReputationAlarm"])
    # An alarm over alarms of another template: those are made first.
    assert resources()["Alarms"]["DependsOn"] == "Watch"
    for name in COMPOSITES:
        own = {name_of(alarm): logical for logical, alarm in alarms().items()}
        wanted = {own[child] for child in children(composites()[name]) if child in own}
        assert set(resources()[name]["DependsOn"]) == wanted


def test_few_requests_hide_no_failure():
    failures = properties("ApiFailures")
    assert failures["Metrics"][0]["Expression"] == "failures / requests"
    assert (failures["DatapointsToAlarm"], failures["EvaluationPeriods"], failures["Threshold"]) == (
        3,
        15,
        0.01,
    )


def test_a_fault_of_ours_rings_once_it_is_logged():
    filters = of_type("AWS::Logs::MetricFilter")
    assert {each["Properties"]["LogGroupName"]["Ref"] for each in filters.values()} == {
        f"{each}Logs" for each in FUNCTIONS
    }
    for each in filters.values():
        assert each["Properties"]["FilterPattern"] == '{ $.outcome = "internal" }'
        (counted,) = each["Properties"]["MetricTransformations"]
        assert counted["MetricName"] == properties("Internal")["MetricName"]
        assert counted["MetricNamespace"] == properties("Internal")["Namespace"]
    assert properties("Internal")["Threshold"] == properties("Internal")["DatapointsToAlarm"] == 1
    # The word that the code writes.
    assert '"internal"' in (ROOT / "platform" / "src" / "problems" / "kinds.rs").read_text()


@pytest.mark.parametrize("lane", ["links", "desk"])
def test_a_pipe_that_was_stopped_rings(lane):
    stopped = properties(f"Stopped{lane.title()}Pipe")
    metrics = {
        each["Id"]: each["MetricStat"]["Metric"] for each in stopped["Metrics"] if "MetricStat" in each
    }
    assert metrics["queued"] == {
        "Namespace": "Sesame",
        "MetricName": "MailsQueued",
        "Dimensions": [{"Name": "lane", "Value": lane}],
    }
    assert metrics["passed"]["MetricName"] == "EventCount"
    assert (
        metrics["passed"]["Dimensions"][0]["Value"]["Fn::Sub"]
        == properties(f"{lane.title()}Pipe")["Name"]["Fn::Sub"]
    )
    counted = (ROOT / "platform" / "src" / "metrics.rs").read_text()
    assert '("MailsQueued", vec![("lane", ' in counted


def test_alarms_of_mail():
    assert properties("Bounces")["MetricName"] == "Reputation.BounceRate"
    assert properties("Bounces")["Threshold"] == 0.02
    assert properties("Complaints")["MetricName"] == "Reputation.ComplaintRate"
    assert properties("Complaints")["Threshold"] == 0.0005
    for name in ["OldestLink", "OldestDeskMail"]:
        assert properties(name)["MetricName"] == "ApproximateAgeOfOldestMessage"
        assert properties(name)["Threshold"] > 60, "a mail that was put off waits as long by itself"
    assert properties("OldestLink")["Threshold"] < properties("OldestDeskMail")["Threshold"]
    # One machine's stand-in of the alarm rings at the same age.
    age = f"ALARM_AGE: SignedDuration = SignedDuration::from_secs({properties('OldestLink')['Threshold']});"
    assert age in (ROOT / "src" / "tracker.rs").read_text()
    of_queues = {"DeadMails": "MailDeadLetters", "DeadOutboxRows": "OutboxDeadLetters", "DeadEvents": "EventDeadLetters"}
    for name, queue in of_queues.items():
        alarm = properties(name)
        assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible" and alarm["Threshold"] == 1
        assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": properties(queue)["QueueName"]}]
    counted = (ROOT / "platform" / "src" / "metrics.rs").read_text()
    states = (ROOT / "domain" / "src" / "mail.rs").read_text()
    for name, state in [("RefusedMails", "refused"), ("SuppressedMails", "suppressed")]:
        alarm = properties(name)
        assert alarm["Dimensions"] == [{"Name": "state", "Value": state}]
        assert f'NAMESPACE: &str = "{alarm["Namespace"]}"' in counted
        assert f'("{alarm["MetricName"]}", vec![("state", state.as_str())])' in counted
        assert f'Self::{state.title()} => "{state}"' in states


def test_a_request_that_waits_over_a_day_rings_and_rings_on_until_it_is_measured_anew():
    alarm = properties("CasesWaiting")
    counted = (ROOT / "platform" / "src" / "metrics.rs").read_text()
    assert f'("{alarm["MetricName"]}", "Seconds", seconds)' in counted
    assert (alarm["Threshold"], alarm["Period"], alarm["TreatMissingData"]) == (86400, 3600, "ignore")


def test_mails_that_are_tried_again_and_again_ring_before_they_are_given_up():
    """Received and not deleted: a mail received three times no longer counts as the oldest."""
    alarm = properties("RetriedMails")
    metrics = {
        each["MetricStat"]["Metric"]["MetricName"] for each in alarm["Metrics"] if "MetricStat" in each
    }
    assert metrics == {"NumberOfMessagesReceived", "NumberOfMessagesDeleted"}
    (period,) = {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each}
    # One mail alone makes ten tries within it.
    assert period / properties("LinksQueue")["VisibilityTimeout"] > 10
    assert period * alarm["EvaluationPeriods"] < 3600


def test_the_site_is_seen_from_outside():
    check = OUTSIDE["Notices"]["Properties"]["HealthCheckConfig"]
    assert check["Type"] == "HTTPS_STR_MATCH" and check["ResourcePath"] == "/api/notices"
    unreachable = OUTSIDE["SiteUnreachable"]["Properties"]
    assert unreachable["MetricName"] == "HealthCheckStatus" and unreachable["TreatMissingData"] == "breaching"
    assert OUTSIDE["SiteFailures"]["Properties"]["MetricName"] == "5xxErrorRate"
    for name in ["SiteUnreachable", "SiteFailures"]:
        assert OUTSIDE[name]["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}]


def test_each_alarm_has_its_paragraph():
    page = (ROOT / "docs" / "operations.md").read_text()
    titles = re.findall(r"^### `([a-z-]+)`", page, re.MULTILINE)
    outside = [each for each in OUTSIDE.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    of_functions = {f"{kind}{logical}" for kind in KINDS for logical in FUNCTIONS}
    named = set()
    for logical, alarm in [*(alarms() | composites()).items(), *((None, each) for each in outside)]:
        # Those of one function stand in the paragraph of their kind.
        short = name_of(alarm).split("-")[0] if logical in of_functions else name_of(alarm)
        named.add(short)
        assert alarm["Properties"]["AlarmDescription"].endswith(f"docs/operations.md, {short}")
    assert sorted(titles) == sorted(named)


def test_the_dashboard_is_json_and_shows_all_alarms():
    text, given = properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    for name, value in given.items():
        text = text.replace(f"${{{name}}}", value["Fn::Sub"] if "Fn::Sub" in value else "region")
    body = json.loads(text)
    shown = [arn for widget in body["widgets"] for arn in widget["properties"].get("alarms", [])]
    of_functions = {name_of(resources()[f"{kind}{logical}"]) for kind in KINDS for logical in FUNCTIONS}
    every = {name_of(alarm) for alarm in (alarms() | composites()).values()} - of_functions
    assert sorted(arn.rsplit("${Prefix}-", 1)[1] for arn in shown) == sorted(every)
    for metric in [
        "AccountsOpened",
        "Recoveries",
        "Mails",
        "Tickets",
        "Cases",
        "CasesWaiting",
        "CaseWaitingSeconds",
        "Successions",
        "Contests",
        "MailsQueued",
        "MailsPutOff",
        "InternalErrors",
    ]:
        assert metric in text
    for each in FUNCTIONS.values():
        assert f'"label": "{each["name"]}"' in text and f"-{each['name']}'" in text
    for queue in ["mail-dead-letters", "outbox-dead-letters", "event-dead-letters"]:
        assert f'"${{Prefix}}-{queue}"' in text
    # Cold starts and memory, of the platform's reports.
    assert "platform.report" in text and "${Version}" in text
