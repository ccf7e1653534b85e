"""What no emulator honours, read off the translated templates: functions, policies, limits, table, keys, parameters."""

import base64
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import built
import pytest
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from translated import (
    FUNCTIONS,
    NESTED,
    ROOT,
    STATED,
    TEMPLATE,
    arn,
    as_list,
    of_type,
    properties,
    resources,
    source,
)

BIN = Path(sys.executable).parent
SIZES = ["trial", "small", "standard", "deadline"]
LINES_MAX = 700
WARM_UP = ("GetItem", "WARMUP")
HTTP = [logical for logical, each in FUNCTIONS.items() if each["routes"]]
SENDER, TRACKER, PRESENCE = "MailSender", "MailTracker", "Presence"
DESK_WATCH, AGENTS = "DeskWatch", "Agents"
# Statements on all resources: of actions that know none.
UNNAMED = {"Traces", "AskRate"}
# From the variable of a key to the resource that it is read from.
SECRETS = {
    "SESAME_PROOF_KEY": "ProofKey",
    "SESAME_PROOF_KEY_PREVIOUS": "ProofKeyPrevious",
    "SESAME_HASH_KEY": "HashKey",
    "SESAME_LINK_KEY": "LinkKey",
    "SESAME_SESSION_KEY": "SessionKey",
    "SESAME_JOURNAL_KEY": "JournalKey",
    "SESAME_JOURNAL_KEY_PREVIOUS": "JournalKeyPrevious",
    "SESAME_AGENTS_CLIENT_SECRET": "AgentsClientSecret",
    "SESAME_ORIGIN_SECRET": "OriginSecret",
    "SESAME_ORIGIN_SECRET_PREVIOUS": "OriginSecretPrevious",
}
LOGIN_SETTINGS = {"SESAME_AGENTS_ISSUER", "SESAME_AGENTS_CLIENT_ID", "SESAME_AGENTS_ACR"}
MAIL_SETTINGS = {
    "SESAME_MAIL_FROM",
    "SESAME_AGENCY_ADDRESS",
    "SESAME_CONFIGURATION_SET",
    "SESAME_CONFIGURATION_SET_UNPROVEN",
    "SESAME_MAIL_RATE",
}


def variables(logical: str) -> dict:
    return properties(f"{logical}Function")["Environment"]["Variables"]


def statements(function: str) -> list:
    """All that a function's role may do."""
    role = properties(f"{function}Role")
    assert role["ManagedPolicyArns"] == [{"Ref": "EveryFunction"}]
    documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    documents.append(properties("EveryFunction")["PolicyDocument"])
    for one, given in [(SENDER, "SenderRole"), (TRACKER, "TrackerRole")]:
        if function == one:
            assert properties(f"{one}Policy")["Roles"] == [{"Ref": given}]
            assert properties("Mail")["Parameters"][given] == {"Ref": f"{one}Role"}
            documents.append(properties(f"{one}Policy")["PolicyDocument"])
    said = [statement for document in documents for statement in document["Statement"]]
    return [statement["Fn::If"][1] if "Fn::If" in statement else statement for statement in said]


# --------------------------------------------------------------------------------------------------- lint


@pytest.mark.parametrize("name", ["template.yaml", *NESTED, "edge.yaml", "outside.yaml", "vault.yaml"])
def test_cfn_lint_finds_nothing(name):
    done = subprocess.run([BIN / "cfn-lint", ROOT / "infra" / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sam_finds_the_template_valid():
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-3"}
    command = [BIN / "sam", "validate", "--lint", "--template-file", TEMPLATE]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT / "infra")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["template.yaml", *NESTED])
def test_what_is_kept_by_hand_can_be_read(name):
    lines, is_made = [], False
    for line in (ROOT / "infra" / name).read_text().splitlines():
        is_made = (is_made or bool(re.search(r"# [a-z ]+: begin", line))) and not re.search(
            r"# [a-z ]+: end", line
        )
        lines += [] if is_made else [line]
    assert len(lines) <= LINES_MAX, f"{name} has {len(lines)} lines by hand"


@pytest.mark.parametrize("size", SIZES)
def test_every_size_translates(size):
    functions = [each for each in resources(size).values() if each["Type"] == "AWS::Lambda::Function"]
    assert len(functions) == len(STATED)
    assert resources(size).keys() == resources("small").keys()


def test_what_is_nested_is_given_its_parameters():
    for nested in of_type("AWS::CloudFormation::Stack").values():
        stated = source(nested["Properties"]["TemplateURL"])["Parameters"]
        assert nested["Properties"]["Parameters"].keys() == stated.keys()
        assert not any("Default" in parameter for parameter in stated.values())


# --------------------------------------------------------------------------------------------- parameters


def test_every_environment_says_its_parameters_once():
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for environment in ["default", "staging", "production"]:
        stated = settings[environment]
        assert [name for name, each in stated.items() if "parameter_overrides" in each["parameters"]] == [
            "global"
        ]
        given = dict(
            pair.split("=") for pair in stated["global"]["parameters"]["parameter_overrides"].split(" ")
        )
        assert {"Architecture", "Size", "MailSenders", "MailRate", "MailDomain"} <= given.keys()
        assert given.keys() <= source()["Parameters"].keys() - {"Version", "Published", "Release"}


def test_a_domain_goes_with_its_certificate():
    (assertion,) = source()["Rules"]["OwnDomain"]["Assertions"]
    neither, both = (branch["Fn::And"] for branch in assertion["Assert"]["Fn::Or"])
    empty = [{"Fn::Equals": [{"Ref": name}, ""]} for name in ["SiteDomain", "CertificateArn"]]
    assert neither == empty and both == [{"Fn::Not": [each]} for each in empty]


def test_a_change_of_a_parameter_publishes_every_function_and_reads_its_keys():
    """An alias calls a published version, which keeps its variables. Lambda publishes none that is as the one before."""
    for logical in FUNCTIONS:
        assert variables(logical)["SESAME_PUBLISHED"] == {"Ref": "Published"}
        version = resources()[f"{logical}Version"]
        # Each change of it is a replacement, and the version before stays, to go back to.
        assert version["Properties"]["Description"] == {"Fn::Sub": "${Version} ${Published}"}
        assert version["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_release_is_a_canary_and_a_lever_is_not(logical):
    alias = resources()[f"{logical}Live"]
    assert alias["Properties"]["Name"] == "live"
    assert alias["Properties"]["FunctionVersion"] == {"Fn::GetAtt": [f"{logical}Version", "Version"]}
    condition, canary, otherwise = alias["UpdatePolicy"]["Fn::If"]
    assert condition == "IsCanary" and otherwise == {"Ref": "AWS::NoValue"}
    assert canary["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"] == {"Ref": f"{logical}Release"}
    release = properties(f"{logical}Release")
    assert release["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    watched = [alarm["Name"]["Fn::Sub"] for alarm in release["AlarmConfiguration"]["Alarms"]]
    name = FUNCTIONS[logical]["name"]
    assert watched == [f"${{AWS::StackName}}-errors-{name}", "${AWS::StackName}-internal"]
    assert "DEPLOYMENT_STOP_ON_ALARM" in release["AutoRollbackConfiguration"]["Events"]
    assert source()["Parameters"]["Release"]["Default"] == "at-once"


# ------------------------------------------------------------------------------------- routes and functions


def test_the_api_has_the_routes_that_the_functions_state():
    stated = {(route["path"], logical) for logical in HTTP for route in FUNCTIONS[logical]["routes"]}
    deployed, methods = set(), {}
    for route in of_type("AWS::ApiGatewayV2::Route").values():
        method, path = route["Properties"]["RouteKey"].split(" ")
        methods.setdefault(path, set()).add(method)
        integration = re.fullmatch(r"integrations/\$\{(\w+)\}", route["Properties"]["Target"]["Fn::Sub"])[1]
        alias = properties(integration)["IntegrationUri"]["Ref"]
        assert properties(integration)["PayloadFormatVersion"] == "2.0"
        deployed.add((path, alias.removesuffix("Live")))
    assert deployed == stated
    # A costly method beside others has a route of its own, for a limit of its own.
    for path, of_path in methods.items():
        assert of_path - {"ANY"} == {route["method"] for route in costly(path) if len(of_methods(path)) > 1}
        assert "ANY" in of_path


def of_methods(path: str) -> list:
    return [route for each in STATED for route in each["routes"] if route["path"] == path]


def costly(path: str) -> list:
    return [route for route in of_methods(path) if route["cost"] == "Hash"]


def test_the_api_may_call_each_function_for_its_own_paths():
    allowed = set()
    for permission in of_type("AWS::Lambda::Permission").values():
        stated = permission["Properties"]
        assert stated["Action"] == "lambda:InvokeFunction"
        # Those of the rules and of the schedule: test_mail.
        if stated["Principal"] == "events.amazonaws.com":
            continue
        assert stated["Principal"] == "apigateway.amazonaws.com"
        path = stated["SourceArn"]["Fn::Sub"].split("${HttpApi}/*/*")[1]
        allowed.add((stated["FunctionName"]["Ref"].removesuffix("Live"), path))
    paths = {(logical, route["path"]) for logical in HTTP for route in FUNCTIONS[logical]["routes"]}
    assert allowed == {(logical, re.sub(r"\{[^}]+\}", "*", path)) for logical, path in paths}


def test_every_crate_is_a_function_and_is_deployed_as_it_was_built():
    crates = {path.name for path in (ROOT / "functions").iterdir() if (path / "Cargo.toml").exists()}
    written = source()["Resources"]
    assert {each["name"] for each in STATED} == crates
    for logical, each in FUNCTIONS.items():
        assert written[f"{logical}Function"]["Properties"]["CodeUri"] == f"functions/{each['name']}.zip"
        # `sam build` would build it once more, and pack what it finds.
        assert "Metadata" not in written[f"{logical}Function"]


def test_each_route_has_its_event():
    routed = [f"{route['method']} {route['path']}" for each in STATED for route in each["routes"]]
    sampled = set()
    for path in (ROOT / "events").glob("*.json"):
        http = json.loads(path.read_text()).get("requestContext", {}).get("http")
        sampled |= {f"{http['method']} {http['path']}"} if http else set()
    for route in routed:
        pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(route))
        assert any(re.fullmatch(pattern, one) for one in sampled), route


def test_what_no_route_feeds_is_fed_by_queues_rules_or_a_schedule():
    fed = {logical for logical, each in FUNCTIONS.items() if not each["routes"]}
    assert fed == {SENDER, TRACKER, PRESENCE, DESK_WATCH}
    assert FUNCTIONS[PRESENCE]["share"] == FUNCTIONS[DESK_WATCH]["share"] == "Chores"
    assert FUNCTIONS[TRACKER]["share"] == "Events"
    # At the rates that docs/operations.md advises, what is reserved takes three events of each mail as they come.
    for size, mails_a_second in [("small", 25), ("standard", 180), ("deadline", 950)]:
        reserved = properties(f"{TRACKER}Function", size)["ReservedConcurrentExecutions"]["Fn::If"][1]
        # Three calls of the table, and what surrounds them.
        assert reserved / 0.06 > 3 * mails_a_second


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_runtime_logs_and_limits(logical):
    function, stated = properties(f"{logical}Function"), FUNCTIONS[logical]
    assert function["Runtime"] == "provided.al2023" and function["Handler"] == "bootstrap"
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    # INFO keeps the platform's reports: cold starts, memory.
    assert function["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": {"Ref": f"{logical}Logs"},
    }
    assert function["TracingConfig"] == {"Mode": {"Ref": "Tracing"}}
    assert function["Timeout"] == stated["timeout_seconds"] and function["MemorySize"] == stated["memory_mb"]
    # Under the API's own 30 seconds.
    assert function["Timeout"] < 30 or logical in {SENDER, PRESENCE, DESK_WATCH}
    # Argon2id is one lane: it wants one whole processor, which Lambda gives from 1,769 MB on, and no more.
    is_costly = any(route["cost"] == "Hash" for route in stated["routes"])
    assert function["MemorySize"] == 1769 if is_costly else function["MemorySize"] <= 1769


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_variables(logical):
    """Each function has the settings that the code reads, and of the keys only those that it states."""
    given = variables(logical)
    assert given["SESAME_TABLE"] == {"Ref": "Table"} and given["SESAME_VERSION"] == {"Ref": "Version"}
    assert given["SESAME_SITE"] == {"Fn::GetAtt": ["Site", "Outputs.Address"]}
    origin = {"SESAME_ORIGIN_SECRET", "SESAME_ORIGIN_SECRET_PREVIOUS"} if logical in HTTP else set()
    assert given.keys() & SECRETS.keys() == set(FUNCTIONS[logical]["variables"]) | origin
    for name in given.keys() & SECRETS.keys():
        assert given[name] == {"Fn::Sub": f"{{{{resolve:secretsmanager:${{{SECRETS[name]}}}:SecretString}}}}"}
    assert given.keys() & MAIL_SETTINGS == (MAIL_SETTINGS if logical == SENDER else set())
    assert given.keys() & LOGIN_SETTINGS == (LOGIN_SETTINGS if logical == AGENTS else set())
    is_of_desk = FUNCTIONS[logical]["share"] == "Desk"
    assert ("SESAME_AGENTS_ADDRESSES" in given) == is_of_desk


def test_only_the_sender_mints_links():
    assert [logical for logical in FUNCTIONS if "SESAME_LINK_KEY" in variables(logical)] == [SENDER]


def test_only_the_function_of_journals_signs_them():
    assert [logical for logical in FUNCTIONS if "SESAME_JOURNAL_KEY" in variables(logical)] == ["Journal"]


def test_every_setting_that_the_code_reads_is_given_somewhere():
    read = set()
    for path in [*(ROOT / "platform" / "src").rglob("*.rs"), *(ROOT / "functions").glob("*/src/**/*.rs")]:
        read |= set(re.findall(r'"(SESAME_[A-Z_]+)"', path.read_text()))
    given = {name for logical in FUNCTIONS for name in variables(logical) if name.startswith("SESAME_")}
    assert read <= given, "the template does not set these"
    assert given - read == {"SESAME_PUBLISHED"}


def test_sam_local_sets_what_the_template_does():
    stated = json.loads((ROOT / "infra" / "local.json").read_text())["Parameters"]
    given = {name for logical in FUNCTIONS for name in variables(logical)}
    assert stated.keys() == given - {"SESAME_PUBLISHED"}
    assert 'format!("sesame development {name} key")' in (ROOT / "src" / "lib.rs").read_text()
    watched = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["metadata"]["lambda"]["env"]
    for name in ["proof", "hash", "link", "session"]:
        variable = f"SESAME_{name.upper()}_KEY"
        assert stated[variable] == watched[variable] == f"sesame development {name} key"
    journal_key = watched["SESAME_JOURNAL_KEY"]
    assert stated["SESAME_JOURNAL_KEY"] == journal_key and len(base64.b64decode(journal_key)) == 32
    assert f'JOURNAL_KEY: &str = "{journal_key}"' in (ROOT / "src" / "lib.rs").read_text()


# ---------------------------------------------------------------------------------------------- concurrency


QUOTA = {"small": 1000, "standard": 1000, "deadline": 4000}
# What docs/operations.md advises, by the mails of as many people.
SENDERS = {"small": 6, "standard": 50, "deadline": 250}


@pytest.mark.parametrize("size", QUOTA)
def test_reserved_concurrency_fits_the_quota(size):
    reserved = {}
    for logical in FUNCTIONS:
        stated = properties(f"{logical}Function", size)["ReservedConcurrentExecutions"]
        condition, value, otherwise = stated["Fn::If"]
        assert condition == "IsReserved" and otherwise == {"Ref": "AWS::NoValue"}
        assert (value == {"Ref": "MailSenders"}) == (logical == SENDER)
        reserved[logical] = SENDERS[size] if logical == SENDER else value
    assert min(reserved.values()) >= 5
    # AWS keeps 100 for functions without any.
    assert sum(reserved.values()) <= QUOTA[size] - 100
    # No route has over a quarter of it all.
    assert max(reserved.values()) <= sum(reserved.values()) / 4


def test_only_a_trial_reserves_nothing():
    assert source()["Conditions"]["IsReserved"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "trial"]}]}


@pytest.mark.parametrize("size", SIZES)
def test_the_api_is_throttled_and_its_costly_routes_more(size):
    stage = properties("Stage", size)
    every = stage["DefaultRouteSettings"]
    # What an account's region grants by default.
    assert 0 < every["ThrottlingRateLimit"] <= 10_000 and 0 < every["ThrottlingBurstLimit"] <= 5_000
    wanted = {
        f"{route['method'] if len(of_methods(route['path'])) > 1 else 'ANY'} {route['path']}"
        for each in STATED
        for route in each["routes"]
        if route["cost"] == "Hash"
    }
    assert stage["RouteSettings"].keys() == wanted and wanted
    for limit in stage["RouteSettings"].values():
        assert 0 < limit["ThrottlingRateLimit"] < every["ThrottlingRateLimit"]
    assert stage["AutoDeploy"] is True and stage["StageName"] == "$default"
    # Settings name routes that must be there.
    keys = {properties(name)["RouteKey"] for name in as_list(resources(size)["Stage"]["DependsOn"])}
    assert keys == wanted


def test_the_log_of_the_api_holds_nothing_of_a_person():
    written = json.loads(properties("Stage")["AccessLogSettings"]["Format"])
    assert written["correlation_id"] == "$context.requestId"
    assert set(written.values()) == {
        "$context.requestId",
        "$context.routeKey",
        "$context.status",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.error.responseType",
        "$context.integrationErrorMessage",
    }


def test_logs_are_kept_as_long_as_the_operator_says_and_encrypted():
    groups = of_type("AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS) + 2
    for logical, each in FUNCTIONS.items():
        name = {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{each['name']}"}
        assert properties(f"{logical}Logs")["LogGroupName"] == name
    for group in groups.values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert group["Properties"]["KmsKeyId"] in [arn("Key"), {"Ref": "KeyArn"}]
    # The key lets the service of logs use it for the stack's own groups, and for no others.
    (logs,) = [
        each for each in properties("Key")["KeyPolicy"]["Statement"] if each["Sid"] == "LogsAreWritten"
    ]
    for pattern in logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]:
        assert re.search(r":log-group:/aws/\*/\$\{AWS::StackName\}(-\*)?$", pattern["Fn::Sub"])


# ---------------------------------------------------------------------------------------------------- table


def test_the_table():
    table = resources()["Table"]
    stated = table["Properties"]
    assert table["DeletionPolicy"] == "RetainExceptOnCreate" and table["UpdateReplacePolicy"] == "Retain"
    assert stated["DeletionProtectionEnabled"] == {"Ref": "TableDeletionProtection"}
    assert source()["Parameters"]["TableDeletionProtection"]["Default"] == "true"
    assert stated["BillingMode"] == "PAY_PER_REQUEST"
    assert stated["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert stated["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    recovery = stated["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}
    assert stated["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    # It is raised by hand and cannot be lowered: no deployment may state another.
    assert "WarmThroughput" not in stated
    assert {key["AttributeName"]: key["KeyType"] for key in stated["KeySchema"]} == {
        "pk": "HASH",
        "sk": "RANGE",
    }


def test_a_table_that_is_gone_is_made_anew_with_its_pipes():
    """A new generation is a new name of all: none can be replaced under its own."""
    first, other = properties("Table")["TableName"]["Fn::If"][1:]
    assert first == {"Ref": "AWS::NoValue"} and other == {"Fn::Sub": "${AWS::StackName}-${TableGeneration}"}
    for lane in ["links", "desk"]:
        assert properties(f"{lane.title()}Pipe")["Name"] == {
            "Fn::Sub": f"${{Prefix}}-{lane}-${{TableGeneration}}"
        }
    # A stream that has just been made cannot be read: the site takes minutes.
    assert resources()["Mail"]["DependsOn"] in ["Site", ["Site"]]


# ------------------------------------------------------------------------------------------------- policies


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_to_the_table_what_it_states_and_nothing_else(logical):
    allowed = set()
    for statement in statements(logical):
        actions = as_list(statement["Action"])
        if not any(action.startswith("dynamodb:") for action in actions):
            continue
        assert statement["Effect"] == "Allow" and statement["Resource"] == arn("Table")
        # ForAllValues alone would hold for a request that names no key at all.
        assert statement["Condition"].keys() == {"ForAllValues:StringLike", "Null"}
        assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}
        leading = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        allowed |= {(action.removeprefix("dynamodb:"), key) for action in actions for key in leading}
    assert allowed == {WARM_UP} | {(action, key) for action, key in FUNCTIONS[logical]["grants"]}


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_nothing_else_either(logical):
    others = {
        (action, json.dumps(statement["Resource"]))
        for statement in statements(logical)
        for action in as_list(statement["Action"])
        if not action.startswith("dynamodb:")
    }
    group = ":log-group:/aws/lambda/${AWS::StackName}-*:*"
    logs = json.dumps({"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}" + group})
    wanted = {
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
        ("kms:Decrypt", json.dumps(arn("Key"))),
        ("xray:PutTraceSegments", '"*"'),
        ("xray:PutTelemetryRecords", '"*"'),
    }
    if logical == SENDER:
        queues = json.dumps([arn("LinksQueue"), arn("DeskQueue")])
        wanted |= {
            (f"sqs:{verb}", queues) for verb in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]
        }
        (send,) = [each for each in statements(logical) if each["Action"] == "ses:SendEmail"]
        assert send["Condition"] == {
            "StringEquals": {"ses:FromAddress": {"Fn::Sub": "ne-pas-repondre@${MailDomain}"}}
        }
        assert [each["Fn::Sub"].rsplit(":", 1)[1] for each in send["Resource"]] == [
            "identity/${MailDomain}",
            "configuration-set/${MailEvents}",
            "configuration-set/${UnprovenMailEvents}",
        ]
        wanted.add(("ses:SendEmail", json.dumps(send["Resource"])))
        wanted.add(("ses:GetAccount", '"*"'))
    if logical == TRACKER:
        wanted.add(("sqs:SendMessage", json.dumps(arn("EventDeadLetters"))))
    assert others == wanted
    assert properties(f"{logical}Function")["Role"] == arn(f"{logical}Role")


def test_no_role_holds_all_of_anything():
    policies = of_type("AWS::IAM::Policy") | of_type("AWS::IAM::ManagedPolicy")
    assert policies.keys() == {"EveryFunction", "PipesPolicy", "MailSenderPolicy", "MailTrackerPolicy"}
    documents = [policy["Properties"]["PolicyDocument"] for policy in policies.values()]
    for role in of_type("AWS::IAM::Role").values():
        documents += [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]
    for statement in (statement for document in documents for statement in document["Statement"]):
        statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
        assert "NotAction" not in statement and "NotResource" not in statement
        assert not any("*" in action for action in as_list(statement["Action"]))
        for resource in as_list(statement["Resource"]):
            # The streams of a log group have no other name; theirs begin with the stack's.
            text = json.dumps(resource).replace(":log-group:/aws/lambda/${AWS::StackName}-*:*", "")
            assert "*" not in text or statement["Sid"] in UNNAMED, statement


def test_only_the_policy_of_a_key_says_star_and_means_that_key():
    stars = []
    for name, each in resources().items():
        document = each["Properties"].get("KeyPolicy") or each["Properties"].get("PolicyDocument") or {}
        said = [one["Fn::If"][1] if "Fn::If" in one else one for one in document.get("Statement", [])]
        stars += [(name, one["Sid"]) for one in said if "*" in as_list(one["Resource"])]
    assert {name for name, sid in stars if sid not in UNNAMED} == {"Key"}
    assert {(name, sid) for name, sid in stars if sid in UNNAMED} == {
        ("EveryFunction", "Traces"),
        ("MailSenderPolicy", "AskRate"),
    }


# ----------------------------------------------------------------------------------------------------- keys


def test_the_keys_are_made_by_the_stack_encrypted_with_ours_and_stay():
    secrets = of_type("AWS::SecretsManager::Secret")
    assert secrets.keys() == set(SECRETS.values())
    assert all(secret["Properties"]["KmsKeyId"] == arn("Key") for secret in secrets.values())
    for name in secrets.keys() - {"AgentsClientSecret"}:
        secret = secrets[name]
        assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] >= 43
        assert "SecretString" not in secret["Properties"]
    # The provider's own, which no output and no description of the stack shows.
    given = {"Fn::If": ["HasOpenId", {"Ref": "OpenIdClientSecret"}, "none"]}
    assert secrets["AgentsClientSecret"]["Properties"]["SecretString"] == given
    assert source()["Parameters"]["OpenIdClientSecret"]["NoEcho"] is True
    assert properties("Key")["EnableKeyRotation"] is True
    # Of an Ed25519 key, the seed: letters and digits are base64.
    for seed in [secrets["JournalKey"], secrets["JournalKeyPrevious"]]:
        made = {"PasswordLength": 43, "ExcludePunctuation": True}
        assert seed["Properties"]["GenerateSecretString"] == made
    for topic in of_type("AWS::SNS::Topic").values():
        assert topic["Properties"]["KmsMasterKeyId"] == arn("Key")
    for kept in [*secrets.values(), resources()["Key"]]:
        assert kept["DeletionPolicy"] == "RetainExceptOnCreate" and kept["UpdateReplacePolicy"] == "Retain"


def test_no_change_of_the_stack_replaces_table_or_keys():
    allow, deny = json.loads((ROOT / "infra" / "stack-policy.json").read_text())["Statement"]
    assert allow["Effect"] == "Allow" and allow["Action"] == "Update:*" and allow["Resource"] == "*"
    assert deny["Effect"] == "Deny" and deny["Action"] == ["Update:Replace", "Update:Delete"]
    kept = {"Table", "Key", *of_type("AWS::SecretsManager::Secret")}
    assert {name.removeprefix("LogicalResourceId/") for name in deny["Resource"]} == kept


# ------------------------------------------------------------------------------------------- on one machine


def test_sam_local_finds_every_path_and_its_function(tmp_path):
    """As `sam local start-api` reads it: it loses what it must compute."""
    for each in STATED:
        (tmp_path / "built" / each["name"]).mkdir(parents=True)
        (tmp_path / "built" / each["name"] / "bootstrap").write_text("")
    stacks, _ = SamLocalStackProvider.get_stacks(str(built.write(tmp_path / "built", tmp_path / "sam")))
    found = {(route.path, route.function_name) for route in ApiProvider(stacks).api.routes}
    paths = {
        (route["path"], f"{logical}Function") for logical in HTTP for route in FUNCTIONS[logical]["routes"]
    }
    assert found == paths
    for function in SamFunctionProvider(stacks).get_all():
        assert (Path(function.codeuri) / "bootstrap").exists()
