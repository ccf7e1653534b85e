"""What no emulator honours, read off the translated template: settings, policies, limits, alarms, headers, routes."""

import functools
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from translated import ROOT, TEMPLATE, source, translated

sys.path.insert(0, str(ROOT / "infra"))
import headers  # noqa: E402

BIN = Path(sys.executable).parent
SIZES = ["trial", "small", "standard", "deadline"]

FUNCTIONS = {
    "Challenge": "challenge",
    "CheckSiret": "check-siret",
    "CreateAccount": "create-account",
    "SetPassword": "set-password",
    "Recover": "recover",
    "SubmitTicket": "submit-ticket",
    "Session": "session",
    "Notices": "notices",
    "MailSender": "mail-sender",
}

# What each function does to the table, by action and leading key: read off platform/src and functions/*/src. A
# transaction needs the permission of each of its items.
WARM_UP = ("GetItem", "WARMUP")
NEEDS = {
    "Challenge": {WARM_UP},
    "CheckSiret": {WARM_UP, ("GetItem", "SIRET#*"), ("PutItem", "PROOF#*")},
    "CreateAccount": {
        WARM_UP,
        ("ConditionCheckItem", "SIRET#*"),
        ("PutItem", "PROOF#*"),
        ("PutItem", "ACCOUNT#*"),
        ("PutItem", "MAIL#*"),
    },
    "SetPassword": {
        WARM_UP,
        ("GetItem", "LINK#*"),
        ("UpdateItem", "LINK#*"),
        ("UpdateItem", "ACCOUNT#*"),
        ("PutItem", "SIRET#*"),
        ("PutItem", "MAIL#*"),
    },
    "Recover": {WARM_UP, ("PutItem", "PROOF#*"), ("PutItem", "MAIL#*")},
    "SubmitTicket": {
        WARM_UP,
        ("PutItem", "PROOF#*"),
        ("PutItem", "SUBMISSION#*"),
        ("PutItem", "TICKET#*"),
        ("PutItem", "MAIL#*"),
    },
    "Session": {
        WARM_UP,
        ("GetItem", "ACCOUNT#*"),
        ("GetItem", "SESSION#*"),
        ("UpdateItem", "ATTEMPTS#*"),
        ("PutItem", "PROOF#*"),
        ("PutItem", "SESSION#*"),
        ("DeleteItem", "SESSION#*"),
        ("DeleteItem", "ATTEMPTS#*"),
    },
    "Notices": {WARM_UP, ("Query", "NOTICE")},
    "MailSender": {
        WARM_UP,
        ("GetItem", "ACCOUNT#*"),
        ("GetItem", "TICKET#*"),
        ("Query", "SIRET#*"),
        ("UpdateItem", "MAIL#*"),
        ("UpdateItem", "LINK#*"),
        ("UpdateItem", "QUOTA#*"),
    },
}

PROOF_KEYS = {"CheckSiret", "CreateAccount", "Recover", "SubmitTicket", "Session"}
LINK_KEY = PROOF_KEYS | {"SetPassword", "MailSender"}


@functools.cache
def template(size: str = "small") -> dict:
    return translated(size)


def resources(size: str = "small") -> dict:
    return template(size)["Resources"]


def properties(name: str, size: str = "small") -> dict:
    return resources(size)[name]["Properties"]


def of_type(kind: str) -> dict:
    return {name: each for name, each in resources().items() if each["Type"] == kind}


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def arn(name: str) -> dict:
    return {"Fn::GetAtt": [name, "Arn"]}


def statements(function: str) -> list:
    """All that a function's role may do."""
    role = properties(f"{function}Role")
    assert role["ManagedPolicyArns"] == [{"Ref": "EveryFunction"}]
    documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    documents.append(properties("EveryFunction")["PolicyDocument"])
    return [statement for document in documents for statement in document["Statement"]]


# --------------------------------------------------------------------------------------------------- lint


@pytest.mark.parametrize("name", ["template.yaml", "watch.yaml", "edge.yaml"])
def test_cfn_lint_finds_nothing(name):
    done = subprocess.run([BIN / "cfn-lint", ROOT / "infra" / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sam_finds_the_template_valid():
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-3"}
    command = [BIN / "sam", "validate", "--lint", "--template-file", TEMPLATE]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT / "infra")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("size", SIZES)
def test_every_size_translates(size):
    assert len(of_type("AWS::Lambda::Function")) == len(FUNCTIONS)
    assert template(size)["Resources"].keys() == template("small")["Resources"].keys()


def test_every_environment_says_its_parameters_once():
    """To every command of `sam`: it builds for the architecture that it deploys."""
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for environment in ["default", "staging", "production"]:
        stated = settings[environment]
        assert [name for name, each in stated.items() if "parameter_overrides" in each["parameters"]] == ["global"]
        given = dict(pair.split("=") for pair in stated["global"]["parameters"]["parameter_overrides"].split(" "))
        assert {"Architecture", "Size", "MailSenders", "MailDomain"} <= given.keys() <= source()["Parameters"].keys()


def test_a_domain_goes_with_its_certificate():
    (assertion,) = source()["Rules"]["OwnDomain"]["Assertions"]
    neither, both = (branch["Fn::And"] for branch in assertion["Assert"]["Fn::Or"])
    empty = [{"Fn::Equals": [{"Ref": name}, ""]} for name in ["SiteDomain", "CertificateArn"]]
    assert neither == empty and both == [{"Fn::Not": [each]} for each in empty]


# ------------------------------------------------------------------------------------- routes and functions


def test_the_api_has_the_routes_of_the_portal():
    """Each path of src/routes.rs is a route, whatever the method, to the function that answers it there."""
    table = (ROOT / "src" / "routes.rs").read_text()
    stated = set(re.findall(r'route!\("[A-Z]+" "([^"]+)" => "([^"]+)"', table))
    assert len(stated) == 9, "the reading of src/routes.rs is out of date"
    crates = {f"{logical}Function": crate for logical, crate in FUNCTIONS.items()}
    deployed, methods = set(), {}
    for route in of_type("AWS::ApiGatewayV2::Route").values():
        method, path = route["Properties"]["RouteKey"].split(" ")
        methods.setdefault(path, set()).add(method)
        integration = re.fullmatch(r"integrations/\$\{(\w+)\}", route["Properties"]["Target"]["Fn::Sub"])[1]
        (function, attribute) = properties(integration)["IntegrationUri"]["Fn::GetAtt"]
        assert attribute == "Arn" and properties(integration)["PayloadFormatVersion"] == "2.0"
        deployed.add((path, crates[function]))
    assert deployed == stated
    # To open a session has a limit of its own.
    assert all(of_path == ({"ANY", "POST"} if path == "/api/session" else {"ANY"}) for path, of_path in methods.items())


def test_the_api_may_call_each_function_for_its_own_paths():
    routes = {route["Properties"]["RouteKey"].split(" ")[1] for route in of_type("AWS::ApiGatewayV2::Route").values()}
    for logical in set(FUNCTIONS) - {"MailSender"}:
        permission = properties(f"{logical}Permission")
        assert permission["FunctionName"] == {"Ref": f"{logical}Function"}
        assert permission["Principal"] == "apigateway.amazonaws.com"
        path = permission["SourceArn"]["Fn::Sub"].split("${HttpApi}/*/*")[1]
        assert any(re.fullmatch(path.replace("*", "[a-z-]+"), route) for route in routes)


def test_the_document_of_the_api_is_a_file_beside_the_pages():
    behaviours = properties("Distribution")["DistributionConfig"]["CacheBehaviors"]
    assert [each["PathPattern"] for each in behaviours] == ["/api/openapi.json", "/api/notices", "/api/*"]
    assert [each["TargetOriginId"] for each in behaviours] == ["pages", "api", "api"]


def test_every_crate_is_a_function_and_is_built_by_cargo_lambda():
    crates = {path.name for path in (ROOT / "functions").iterdir() if (path / "Cargo.toml").exists()}
    written = source()["Resources"]
    built = set()
    for logical, crate in FUNCTIONS.items():
        metadata = written[f"{logical}Function"]["Metadata"]
        assert metadata == {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": crate}}
        built.add(crate)
    assert built == crates
    assert source()["Globals"]["Function"]["CodeUri"] == "../"


def test_each_route_has_its_event():
    events = {path.stem for path in (ROOT / "events").glob("*.json")}
    if not events:
        pytest.skip("events/ is not there yet")
    for crate in FUNCTIONS.values():
        assert any(event == crate or event.startswith(f"{crate}-") or event.endswith(f"-{crate}") for event in events), crate


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_runtime_logs_and_limits(logical):
    function = properties(f"{logical}Function")
    assert function["Runtime"] == "provided.al2023" and function["Handler"] == "bootstrap"
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{logical}Logs"}
    # Under the API's own 30 seconds; the sender, under the lease of a mail.
    assert function["Timeout"] < (60 if logical == "MailSender" else 30)
    # Argon2id wants a whole processor.
    assert function["MemorySize"] == (1769 if logical in {"SetPassword", "Session"} else function["MemorySize"])
    assert function["MemorySize"] <= 1769


def test_the_sender_cannot_outlive_the_lease_of_a_mail():
    code = (ROOT / "platform" / "src" / "outbox.rs").read_text()
    lease_seconds = int(re.search(r"LEASE: SignedDuration = SignedDuration::from_secs\((\d+)\)", code)[1])
    timeout = properties("MailSenderFunction")["Timeout"]
    visibility = properties("MailQueue")["VisibilityTimeout"]
    assert timeout < lease_seconds < visibility
    assert visibility >= 6 * timeout


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_variables(logical):
    """Each function has the settings that the code reads, and of the keys only those that it uses."""
    variables = properties(f"{logical}Function")["Environment"]["Variables"]
    assert variables["SESAME_TABLE"] == {"Ref": "Table"}
    assert "SESAME_SITE" in variables and "SESAME_KEYS_GENERATION" in variables
    secret = {
        "SESAME_PROOF_KEY": "ProofKey",
        "SESAME_PROOF_KEY_PREVIOUS": "ProofKeyPrevious",
        "SESAME_LINK_KEY": "LinkKey",
    }
    given = {
        name: name in variables and variables[name] == {"Fn::Sub": f"{{{{resolve:secretsmanager:${{{key}}}:SecretString}}}}"}
        for name, key in secret.items()
    }
    assert given == {
        "SESAME_PROOF_KEY": logical in PROOF_KEYS | {"Challenge"},
        "SESAME_PROOF_KEY_PREVIOUS": logical in PROOF_KEYS,
        "SESAME_LINK_KEY": logical in LINK_KEY,
    }
    # Boot wants one; who makes no keyed hash gets a word that is no key.
    assert given["SESAME_LINK_KEY"] or variables["SESAME_LINK_KEY"] == "none"
    mail = {"SESAME_MAIL_FROM", "SESAME_AGENCY_ADDRESS", "SESAME_CONFIGURATION_SET"}
    assert mail & variables.keys() == (mail if logical == "MailSender" else set())


def test_every_setting_that_the_code_reads_is_given_somewhere():
    read = set()
    for path in [*(ROOT / "platform" / "src").glob("*.rs"), *(ROOT / "functions").glob("*/src/*.rs")]:
        read |= set(re.findall(r'"(SESAME_[A-Z_]+)"', path.read_text()))
    given = set()
    for logical in FUNCTIONS:
        given |= properties(f"{logical}Function")["Environment"]["Variables"].keys()
    assert read <= given, "the template does not set these"
    assert {name for name in given if name.startswith("SESAME_")} - read == {"SESAME_KEYS_GENERATION"}


def test_sam_local_sets_what_the_template_does():
    stated = json.loads((ROOT / "infra" / "local.json").read_text())["Parameters"]
    given = set()
    for logical in FUNCTIONS:
        given |= properties(f"{logical}Function")["Environment"]["Variables"].keys()
    assert stated.keys() == given - {"SESAME_KEYS_GENERATION"}
    portal = (ROOT / "src" / "lib.rs").read_text()
    assert stated["SESAME_PROOF_KEY"] == re.search(r'DEVELOPMENT_PROOF_KEY: &str = "([^"]+)"', portal)[1]
    assert stated["SESAME_LINK_KEY"] == re.search(r'DEVELOPMENT_LINK_KEY: &str = "([^"]+)"', portal)[1]


# ---------------------------------------------------------------------------------------------- concurrency


QUOTA = {"small": 1000, "standard": 1000, "deadline": 4000}
# What docs/operations.md advises, by the mails of as many people.
SENDERS = {"small": 5, "standard": 45, "deadline": 225}


@pytest.mark.parametrize("size", QUOTA)
def test_reserved_concurrency_fits_the_quota(size):
    reserved = {}
    for logical in FUNCTIONS:
        stated = properties(f"{logical}Function", size)["ReservedConcurrentExecutions"]
        condition, value, otherwise = stated["Fn::If"]
        assert condition == "IsReserved" and otherwise == {"Ref": "AWS::NoValue"}
        reserved[logical] = SENDERS[size] if logical == "MailSender" else value
    assert min(reserved.values()) >= 5
    # AWS keeps 100 for functions without any.
    assert sum(reserved.values()) <= QUOTA[size] - 100
    # No route has over a quarter of it all.
    assert max(reserved.values()) <= sum(reserved.values()) / 4
    assert template(size)["Conditions"]["IsReserved"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "trial"]}]} or size


def test_the_queue_never_meets_a_throttle():
    senders = {"Ref": "MailSenders"}
    assert properties("MailSenderFunctionMails")["ScalingConfig"]["MaximumConcurrency"] == senders
    assert properties("MailSenderFunction")["ReservedConcurrentExecutions"]["Fn::If"][1] == senders
    stated = source()["Parameters"]["MailSenders"]
    # Lambda's least is two; the most must still fit the quota.
    assert stated["MinValue"] == stated["Default"] == 2 and stated["MaxValue"] == max(SENDERS.values())


def test_the_page_for_operators_advises_these_senders():
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"\| `(small|standard|deadline)` \| ([\d,]+) \| (\d+) \|", page)
    assert {size: int(senders) for size, _, senders in rows} == SENDERS
    for _, rate, senders in rows:
        # A sender takes some six a second.
        assert int(rate.replace(",", "")) <= int(senders) * 6


@pytest.mark.parametrize("size", SIZES)
def test_the_api_is_throttled_and_its_costly_routes_more(size):
    stage = properties("Stage", size)
    every = stage["DefaultRouteSettings"]
    # What an account's region grants by default.
    assert 0 < every["ThrottlingRateLimit"] <= 10_000 and 0 < every["ThrottlingBurstLimit"] <= 5_000
    assert stage["RouteSettings"].keys() == {"ANY /api/set-password", "POST /api/session"}
    for costly in stage["RouteSettings"].values():
        assert 0 < costly["ThrottlingRateLimit"] < every["ThrottlingRateLimit"]
    assert stage["AutoDeploy"] is True and stage["StageName"] == "$default"


def test_the_log_of_the_api_holds_nothing_of_a_person():
    written = json.loads(properties("Stage")["AccessLogSettings"]["Format"])
    assert set(written.values()) == {
        "$context.requestId",
        "$context.routeKey",
        "$context.status",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.error.responseType",
        "$context.integrationErrorMessage",
    }


def test_logs_are_kept_as_long_as_the_operator_says():
    groups = of_type("AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS) + 2
    for logical, crate in FUNCTIONS.items():
        assert properties(f"{logical}Logs")["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{crate}"}
    for group in groups.values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


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
    assert {key["AttributeName"]: key["KeyType"] for key in stated["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}


def test_a_table_that_is_gone_is_made_anew_with_its_pipe():
    """A new generation is a new name of both: neither can be replaced under its own."""
    first, other = properties("Table")["TableName"]["Fn::If"][1:]
    assert first == {"Ref": "AWS::NoValue"} and other == {"Fn::Sub": "${AWS::StackName}-${TableGeneration}"}
    assert properties("OutboxPipe")["Name"] == {"Fn::Sub": "${AWS::StackName}-outbox-${TableGeneration}"}
    (trust,) = properties("OutboxPipeRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":pipe/${AWS::StackName}-outbox-*")


# ----------------------------------------------------------------------------------------------------- mail


def test_only_new_outbox_rows_pass_and_of_them_only_the_id():
    pipe = properties("OutboxPipe")
    assert pipe["Source"] == {"Fn::GetAtt": ["Table", "StreamArn"]} and pipe["Target"] == arn("MailQueue")
    (one,) = pipe["SourceParameters"]["FilterCriteria"]["Filters"]
    assert json.loads(one["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {
            "Keys": {"pk": {"S": [{"prefix": "MAIL#"}]}},
            "NewImage": {"mail_id": {"S": [{"exists": True}]}},
        },
    }
    assert pipe["TargetParameters"]["InputTemplate"] == '{"mail_id":"<$.dynamodb.NewImage.mail_id.S>"}'
    # Else names would be in the log.
    assert "IncludeExecutionData" not in pipe["LogConfiguration"]


def test_nothing_is_tried_for_ever():
    stream = properties("OutboxPipe")["SourceParameters"]["DynamoDBStreamParameters"]
    assert stream["BatchSize"] == 10
    # The hour that docs/operations.md promises, not fewer tries.
    assert stream["MaximumRecordAgeInSeconds"] == 3600 and stream["MaximumRetryAttempts"] == 10_000
    assert stream["OnPartialBatchItemFailure"] == "AUTOMATIC_BISECT"
    assert stream["DeadLetterConfig"] == {"Arn": arn("OutboxDeadLetters")}
    redrive = properties("MailQueue")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == arn("MailDeadLetters")
    assert 3 <= redrive["maxReceiveCount"] <= 20
    for name in ["MailDeadLetters", "OutboxDeadLetters"]:
        assert properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600
    # All the tries of a mail take place while the queue still keeps it.
    tries_seconds = redrive["maxReceiveCount"] * properties("MailQueue")["VisibilityTimeout"]
    assert tries_seconds < properties("MailQueue")["MessageRetentionPeriod"]


def test_the_mapping_reports_the_mails_that_failed():
    mapping = properties("MailSenderFunctionMails")
    assert mapping["EventSourceArn"] == arn("MailQueue") and mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_queues_are_encrypted():
    assert len(of_type("AWS::SQS::Queue")) == 3
    for queue in of_type("AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True


def test_ses_signs_returns_and_tells():
    identity = properties("MailIdentity")
    assert identity["DkimAttributes"] == {"SigningEnabled": True}
    assert identity["DkimSigningAttributes"] == {"NextSigningKeyLength": "RSA_2048_BIT"}
    assert identity["MailFromAttributes"]["MailFromDomain"] == {"Fn::Sub": "rebond.${MailDomain}"}
    events = properties("MailEvents")
    assert events["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert events["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    destination = properties("MailEventsToBus")["EventDestination"]
    assert destination["Enabled"] is True
    assert {"send", "delivery", "bounce", "complaint", "reject"} <= set(destination["MatchingEventTypes"])
    assert "event-bus/default" in destination["EventBridgeDestination"]["EventBusArn"]["Fn::Sub"]


# ------------------------------------------------------------------------------------------------- policies


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_to_the_table_what_it_does_and_nothing_else(logical):
    allowed = set()
    for statement in statements(logical):
        actions = as_list(statement["Action"])
        if not any(action.startswith("dynamodb:") for action in actions):
            continue
        assert statement["Effect"] == "Allow" and statement["Resource"] == arn("Table")
        ((operator, keys),) = statement["Condition"].items()
        leading = keys["dynamodb:LeadingKeys"]
        assert operator == "ForAllValues:StringLike" or not any("*" in key for key in leading)
        allowed |= {(action.removeprefix("dynamodb:"), key) for action in actions for key in leading}
    assert allowed == NEEDS[logical]


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_nothing_else_either(logical):
    others = {
        (action, json.dumps(statement["Resource"]))
        for statement in statements(logical)
        for action in as_list(statement["Action"])
        if not action.startswith("dynamodb:")
    }
    logs = json.dumps(
        {
            "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
            ":log-group:/aws/lambda/${AWS::StackName}-*:*"
        }
    )
    wanted = {
        ("logs:CreateLogStream", logs),
        ("logs:PutLogEvents", logs),
        ("kms:Decrypt", json.dumps(arn("Key"))),
    }
    if logical == "MailSender":
        queue = json.dumps(arn("MailQueue"))
        wanted |= {(f"sqs:{verb}", queue) for verb in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]}
        (send,) = [each for each in statements(logical) if each["Action"] == "ses:SendEmail"]
        assert send["Condition"] == {"StringEquals": {"ses:FromAddress": {"Fn::Sub": "ne-pas-repondre@${MailDomain}"}}}
        assert [each["Fn::Sub"].rsplit(":", 1)[1] for each in send["Resource"]] == [
            "identity/${MailDomain}",
            "configuration-set/${MailEvents}",
        ]
        wanted.add(("ses:SendEmail", json.dumps(send["Resource"])))
    assert others == wanted
    assert properties(f"{logical}Function")["Role"] == arn(f"{logical}Role")


def test_no_role_holds_all_of_anything():
    documents = [properties(name)["PolicyDocument"] for name in ["EveryFunction", "OutboxPipePolicy"]]
    assert of_type("AWS::IAM::Policy").keys() | of_type("AWS::IAM::ManagedPolicy").keys() == {"EveryFunction", "OutboxPipePolicy"}
    for role in of_type("AWS::IAM::Role").values():
        documents += [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]
    for statement in (statement for document in documents for statement in document["Statement"]):
        assert "NotAction" not in statement and "NotResource" not in statement
        assert not any("*" in action for action in as_list(statement["Action"]))
        for resource in as_list(statement["Resource"]):
            # The streams of a log group have no other name; theirs begin with the stack's.
            text = json.dumps(resource)
            assert "*" not in text.replace(":log-group:/aws/lambda/${AWS::StackName}-*:*", ""), statement


def test_only_the_policy_of_a_key_says_star_and_means_that_key():
    stars = []
    for name, each in resources().items():
        document = each["Properties"].get("KeyPolicy") or each["Properties"].get("PolicyDocument") or {}
        stars += [name for statement in document.get("Statement", []) if "*" in as_list(statement["Resource"])]
    assert set(stars) == {"Key"}


def test_the_pipe_reads_the_stream_and_writes_to_its_queues():
    policy = properties("OutboxPipePolicy")["PolicyDocument"]["Statement"]
    assert [statement["Resource"] for statement in policy] == [
        {"Fn::GetAtt": ["Table", "StreamArn"]},
        [arn("MailQueue"), arn("OutboxDeadLetters")],
    ]
    (trust,) = properties("OutboxPipeRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


# ----------------------------------------------------------------------------------------------------- keys


def test_the_keys_are_made_by_the_stack_and_encrypted_with_ours():
    secrets = of_type("AWS::SecretsManager::Secret")
    assert secrets.keys() == {"ProofKey", "ProofKeyPrevious", "LinkKey"}
    for secret in secrets.values():
        assert secret["Properties"]["KmsKeyId"] == arn("Key")
        assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] >= 43
        assert "SecretString" not in secret["Properties"]
    assert properties("Key")["EnableKeyRotation"] is True
    assert properties("Alarms")["KmsMasterKeyId"] == arn("Key")


# ---------------------------------------------------------------------------------------------------- pages


def test_cloudfront_sets_the_headers_that_the_portal_sets():
    stated = json.loads((ROOT / "web" / "headers.json").read_text())
    assert headers.headers_of(properties("SecurityHeaders")["ResponseHeadersPolicyConfig"]) == stated
    assert subprocess.run([sys.executable, ROOT / "infra" / "headers.py", "--check"]).returncode == 0
    config = properties("Distribution")["DistributionConfig"]
    for behaviour in [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]:
        assert behaviour["ResponseHeadersPolicyId"] == {"Ref": "SecurityHeaders"}


def test_the_bucket_is_cloudfronts_alone():
    bucket = properties("PagesBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert resources()["PagesBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"} and bucket["BucketEncryption"]
    for statement in properties("PagesBucketPolicy")["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow":
            assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            assert "${Distribution}" in statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
        else:
            assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    origins = {origin["Id"]: origin for origin in properties("Distribution")["DistributionConfig"]["Origins"]}
    assert origins["pages"]["OriginAccessControlId"] == {"Fn::GetAtt": ["PagesAccess", "Id"]}


def test_the_site_compresses_and_speaks_tls():
    config = properties("Distribution")["DistributionConfig"]
    for behaviour in [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]:
        assert behaviour["Compress"] is True
        assert behaviour["ViewerProtocolPolicy"] in {"redirect-to-https", "https-only"}
    condition, own, _ = config["ViewerCertificate"]["Fn::If"]
    assert condition == "HasDomain" and own["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["WebACLId"]["Fn::If"][:2] == ["HasWebAcl", {"Ref": "WebAclArn"}]


def test_no_error_page_replaces_what_the_api_answers():
    responses = properties("Distribution")["DistributionConfig"]["CustomErrorResponses"]
    # Only that none is kept: an answer of one visitor's must not be another's.
    assert responses == [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in [500, 502, 503, 504]]


def test_the_edge_knows_every_page():
    folder = ROOT / "web" / "pages"
    pages = set()
    for path in [*folder.rglob("*.njk"), *folder.rglob("*.md")]:
        place = path.relative_to(folder).with_suffix("")
        if not place.parts[0].startswith("_") and place.name not in {"404", "503"}:
            parts = place.parts[:-1] if place.name == "index" else place.parts
            pages.add("/" + "".join(f"{part}/" for part in parts))
    listed = re.search(r"var PAGES = \[(.*?)\];", properties("PageAddresses")["FunctionCode"]["Fn::Sub"], re.DOTALL)[1]
    assert sorted(re.findall(r"'([^']+)'", listed)) == sorted(pages)


def test_addresses_of_pages(tmp_path):
    """The function at the edge, run by Node where there is one."""
    asks = ["/", "/aide/", "/aide", "/ailleurs/", "/ailleurs", "//evil.example/x", "/assets/a.js", "/favicon.ico"]
    assert addresses(tmp_path, "no", asks) == [
        "/index.html",
        "/aide/index.html",
        [301, "/aide/", None],
        [404, None, None],
        [404, None, None],
        [404, None, None],
        "/assets/a.js",
        "/favicon.ico",
    ]


def test_a_closed_service_says_so_on_every_page_and_when_to_come_back(tmp_path):
    asks = ["/", "/aide/", "/ailleurs", "/503.html", "/assets/a.js"]
    closed = [503, None, "900"]
    assert addresses(tmp_path, "yes", asks) == [closed, closed, closed, "/503.html", "/assets/a.js"]


def addresses(tmp_path, is_closed: str, asks: list[str]) -> list:
    code = properties("PageAddresses")["FunctionCode"]["Fn::Sub"].replace("${Closed}", is_closed)
    script = tmp_path / "addresses.js"
    script.write_text(
        code
        + "\nconst header = (answer, name) => (answer.headers[name] || {}).value;"
        + f"\nconst all = {json.dumps(asks)}.map((uri) => handler({{ request: {{ uri }} }}));"
        + "\nconst said = (one) => one.uri || [one.statusCode, header(one, 'location'), header(one, 'retry-after')];"
        + "\nconsole.log(JSON.stringify(all.map(said)));"
    )
    try:
        done = subprocess.run(["node", script], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("no node here")
    return json.loads(done.stdout)


# --------------------------------------------------------------------------------------------------- alarms


def test_there_is_an_alarm_for_each_thing_that_can_go_wrong():
    alarms = of_type("AWS::CloudWatch::Alarm")
    assert alarms.keys() == {
        "ApiFailures", "ApiSlow", "TableThrottles", "OldestMail", "DeadMails", "RefusedMails", "DeadOutboxRows",
        "PipeFailures", "Bounces", "Complaints",
    }  # fmt: skip
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}]
        assert alarm["Properties"]["TreatMissingData"] in {"notBreaching", "ignore"}


@functools.cache
def watch() -> dict:
    return source("watch.yaml")["Resources"]


def test_alarms_of_any_function():
    metrics = {"Errors": "Errors", "Throttles": "Throttles", "Slow": "Duration"}
    assert {name: alarm["Properties"]["MetricName"] for name, alarm in watch().items()} == metrics
    for alarm in watch().values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Topic"}]
        assert alarm["Properties"]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Function"}}]
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"
    for slow in [watch()["Slow"]["Properties"], properties("ApiSlow")]:
        # Evaluated at night too, when few come.
        assert slow["ExtendedStatistic"] == "p90" and "EvaluateLowSampleCountPercentile" not in slow


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_alarms_of_each_function(logical):
    nested = properties(f"{logical}Watch")
    given = nested["Parameters"]
    assert nested["TemplateURL"] == "watch.yaml"
    assert given["Function"] == {"Ref": f"{logical}Function"} and given["Name"] == FUNCTIONS[logical]
    assert given["Topic"] == {"Ref": "Alarms"} and given["Prefix"] == {"Ref": "AWS::StackName"}
    assert int(given["SlowMs"]) < properties(f"{logical}Function")["Timeout"] * 1000 / 2


def names_of_alarms() -> set:
    """As they are deployed, without the stack's name before them."""
    names = {each["Properties"]["AlarmName"]["Fn::Sub"] for each in of_type("AWS::CloudWatch::Alarm").values()}
    for crate in FUNCTIONS.values():
        for alarm in watch().values():
            names.add(alarm["Properties"]["AlarmName"]["Fn::Sub"].replace("${Name}", crate).replace("${Prefix}", "${AWS::StackName}"))
    return {name.removeprefix("${AWS::StackName}-") for name in names}


def test_alarms_of_mail():
    assert properties("Bounces")["MetricName"] == "Reputation.BounceRate"
    assert properties("Bounces")["Threshold"] == 0.02
    assert properties("Complaints")["MetricName"] == "Reputation.ComplaintRate"
    assert properties("Complaints")["Threshold"] == 0.0005
    assert properties("OldestMail")["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert properties("DeadMails")["Threshold"] == properties("DeadOutboxRows")["Threshold"] == 1
    refused = properties("RefusedMails")
    assert refused["Dimensions"] == [{"Name": "state", "Value": "refused"}]
    counted = (ROOT / "platform" / "src" / "metrics.rs").read_text()
    assert f'NAMESPACE: &str = "{refused["Namespace"]}"' in counted
    assert f'("{refused["MetricName"]}", Some(("state", state.as_str())))' in counted
    assert 'Self::Refused => "refused"' in (ROOT / "domain" / "src" / "mail.rs").read_text()


def test_each_alarm_has_its_paragraph():
    page = (ROOT / "docs" / "operations.md").read_text()
    titles = re.findall(r"^### `([a-z-]+)`", page, re.MULTILINE)
    alarms = [*of_type("AWS::CloudWatch::Alarm").values(), *watch().values()]
    named = set()
    for alarm in alarms:
        short = alarm["Properties"]["AlarmName"]["Fn::Sub"].split("}-", 1)[1].removesuffix("-${Name}")
        named.add(short)
        assert alarm["Properties"]["AlarmDescription"].endswith(f"docs/operations.md, {short}")
    assert sorted(titles) == sorted(named)


def test_the_dashboard_is_json_and_shows_all_alarms():
    body = json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])
    shown = [arn for widget in body["widgets"] for arn in widget["properties"].get("alarms", [])]
    assert sorted(arn.rsplit("${AWS::StackName}-", 1)[1] for arn in shown) == sorted(names_of_alarms())
    for metric in ["AccountsOpened", "Recoveries", "Mails", "Tickets"]:
        assert metric in json.dumps(body)


def test_an_optional_wall_at_the_edge():
    edge = (ROOT / "infra" / "edge.yaml").read_text()
    assert "RateBasedStatement" in edge and "AggregateKeyType: IP" in edge and "SearchString: /api/" in edge
