"""The pages on AWS, read off the templates: headers, bucket, CloudFront and its function, what keeps strangers out."""

import json
import re
import subprocess
import sys
from fnmatch import fnmatch

from translated import ROOT, STATED, properties, resources, source

sys.path.insert(0, str(ROOT / "infra"))
import headers  # noqa: E402


def test_cloudfront_sets_the_headers_that_the_portal_sets():
    stated = json.loads((ROOT / "web" / "headers.json").read_text())
    policies = {"SecurityHeaders": "/", "AgentsHeaders": "/agents/"}
    for policy, folder in policies.items():
        config = properties(policy)["ResponseHeadersPolicyConfig"]
        assert headers.headers_of(config) == headers.of_folder(stated, folder)
    assert subprocess.run([sys.executable, ROOT / "infra" / "headers.py", "--check"]).returncode == 0
    config = properties("Distribution")["DistributionConfig"]
    for behaviour in [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]:
        policy = "AgentsHeaders" if behaviour.get("PathPattern") == "/agents/*" else "SecurityHeaders"
        assert behaviour["ResponseHeadersPolicyId"] == {"Ref": policy}


def test_nobody_keeps_a_page_of_the_agents():
    config = properties("AgentsHeaders")["ResponseHeadersPolicyConfig"]
    (caching,) = [each for each in config["CustomHeadersConfig"]["Items"] if each["Header"] == "Cache-Control"]
    # The file in the bucket says `no-cache`, which does not stand.
    assert caching["Value"] == "no-store" and caching["Override"] is True
    assert behaviour_of("/agents/demande/")["FunctionAssociations"]


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


def test_the_document_of_the_api_is_a_file_beside_the_pages():
    behaviours = properties("Distribution")["DistributionConfig"]["CacheBehaviors"]
    patterns = [each["PathPattern"] for each in behaviours]
    assert patterns == ["/agents/*", "/api/openapi.json", "/api/notices", "/api/delivery", "/api/*"]
    assert [each["TargetOriginId"] for each in behaviours] == ["pages", "pages", "api", "api", "api"]


def behaviour_of(path: str) -> dict:
    """The first whose pattern the path has, as CloudFront takes it."""
    behaviours = properties("Distribution")["DistributionConfig"]["CacheBehaviors"]
    return next(each for each in behaviours if fnmatch(path, each["PathPattern"]))


def test_only_answers_that_are_the_same_for_all_are_cached():
    off = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    paths = {route["path"] for each in STATED for route in each["routes"]}
    assert {"/api/notices", "/api/delivery", "/api/mail/{id}"} <= paths
    cached = {path for path in paths if behaviour_of(path)["CachePolicyId"] != off}
    assert cached == {"/api/notices", "/api/delivery"}
    asked = {}
    for path in cached:
        behaviour = behaviour_of(path)
        # Nothing of a visitor's reaches the function, and so none of it the cache.
        assert "OriginRequestPolicyId" not in behaviour
        cache = properties(behaviour["CachePolicyId"]["Ref"])["CachePolicyConfig"]
        assert (cache["MinTTL"], cache["DefaultTTL"], cache["MaxTTL"]) == (0, 0, 60)
        key = cache["ParametersInCacheKeyAndForwardedToOrigin"]
        assert key["CookiesConfig"] == {"CookieBehavior": "none"}
        assert key["HeadersConfig"] == {"HeaderBehavior": "none"}
        asked[path] = key["QueryStringsConfig"]
    assert asked == {
        "/api/notices": {"QueryStringBehavior": "none"},
        "/api/delivery": {"QueryStringBehavior": "whitelist", "QueryStrings": ["domain"]},
    }
    # What the function says of itself.
    code = (ROOT / "functions" / "mail" / "src" / "lib.rs").read_text()
    assert 'CACHE_CONTROL: &str = "public, max-age=60"' in code and 'http::query(&request, "domain")' in code


def test_the_site_compresses_and_speaks_tls():
    config = properties("Distribution")["DistributionConfig"]
    for behaviour in [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]:
        assert behaviour["Compress"] is True
        assert behaviour["ViewerProtocolPolicy"] in {"redirect-to-https", "https-only"}
    condition, own, _ = config["ViewerCertificate"]["Fn::If"]
    assert condition == "HasDomain" and own["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_no_error_page_replaces_what_the_api_answers():
    responses = properties("Distribution")["DistributionConfig"]["CustomErrorResponses"]
    # Only that none is kept: an answer of one visitor's must not be another's.
    assert responses == [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in [500, 502, 503, 504]]


def test_access_logs_are_kept_only_when_they_are_asked_for():
    """They hold the addresses of visitors."""
    assert source()["Parameters"]["AccessLogs"]["Default"] == "no"
    for name in ["AccessLogsBucket", "AccessLogsBucketPolicy"]:
        assert resources()[name]["Condition"] == "HasAccessLogs"
    assert properties("Distribution")["DistributionConfig"]["Logging"]["Fn::If"][0] == "HasAccessLogs"
    assert properties("PagesBucket")["LoggingConfiguration"]["Fn::If"][0] == "HasAccessLogs"
    (rule,) = properties("AccessLogsBucket")["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == {"Ref": "LogRetentionDays"}


# ---------------------------------------------------------------------------------------------------- keep out


def test_nobody_comes_past_cloudfront():
    """It says a secret to the functions, which answer nobody else; rotated, they take the one before too."""
    origins = {origin["Id"]: origin for origin in properties("Distribution")["DistributionConfig"]["Origins"]}
    (header,) = origins["api"]["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-sesame-origin"
    assert header["HeaderValue"] == {"Fn::Sub": "{{resolve:secretsmanager:${OriginSecret}:SecretString}}"}
    assert "OriginCustomHeaders" not in origins["pages"]
    # The header's text is the same for any secret: something else must change for CloudFormation to read it
    # anew.
    assert "${KeysGeneration}" in properties("Distribution")["DistributionConfig"]["Comment"]["Fn::Sub"]


def test_a_web_acl_is_there_unless_it_is_refused():
    assert source()["Parameters"]["WebAcl"]["Default"] == "on"
    (assertion,) = source()["Rules"]["WebAclIsThere"]["Assertions"]
    off, given = assertion["Assert"]["Fn::Or"]
    assert off == {"Fn::Equals": [{"Ref": "WebAcl"}, "off"]}
    assert given == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAclArn"}, ""]}]}
    web_acl = properties("Distribution")["DistributionConfig"]["WebACLId"]["Fn::If"]
    assert web_acl[:2] == ["HasWebAcl", {"Ref": "WebAclArn"}]
    assert source("site.yaml")["Conditions"]["HasWebAcl"] == {"Fn::Equals": [{"Ref": "WebAcl"}, "on"]}


def test_one_address_takes_no_place_of_others_and_guesses_few_passwords():
    stated = source("edge.yaml")
    passwords, everything = stated["Resources"]["WebAcl"]["Properties"]["Rules"]
    limits = {}
    for rule in [passwords, everything]:
        assert rule["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
        rate = rule["Statement"]["RateBasedStatement"]
        assert rate["AggregateKeyType"] == "IP" and rate["EvaluationWindowSec"] == 300
        # Samples would hold addresses and cookies.
        assert rule["VisibilityConfig"]["SampledRequestsEnabled"] is False
        limits[rule["Name"]] = stated["Parameters"][rate["Limit"]["Ref"]]["Default"]
    assert limits["PasswordsByAddress"] < limits["RateByAddress"]
    method, paths = passwords["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["AndStatement"][
        "Statements"
    ]
    assert method["ByteMatchStatement"]["SearchString"] == "POST"
    asked = [each["ByteMatchStatement"]["SearchString"] for each in paths["OrStatement"]["Statements"]]
    routes = [route for function in STATED for route in function["routes"] if route["cost"] == "Hash"]
    assert set(asked) == {route["path"].split("{")[0] for route in routes}
    every = everything["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["ByteMatchStatement"]
    assert every["SearchString"] == "/api/" and every["PositionalConstraint"] == "STARTS_WITH"
    # A path is routed decoded: `/api/%73ession` is `/api/session`.
    for match in [every, *(each["ByteMatchStatement"] for each in paths["OrStatement"]["Statements"])]:
        assert [each["Type"] for each in match["TextTransformations"]] == ["URL_DECODE", "NORMALIZE_PATH"]


def test_a_login_can_be_made_to_ask_for_a_proof():
    stated = source()["Parameters"]["LoginProof"]
    assert stated["Default"] == "after-failures" and stated["AllowedValues"] == ["after-failures", "always"]
    assert properties("SessionFunction")["Environment"]["Variables"]["SESAME_LOGIN_PROOF"] == {
        "Ref": "LoginProof"
    }


def test_my_space_opens_the_extranet_of_the_parameter():
    stated = source()["Parameters"]["ExtranetUrl"]
    assert stated["Default"] == ""
    pattern = re.compile(stated["AllowedPattern"])
    for good in ["", "https://extranet.exemple.fr", "https://extranet.exemple.fr:8443/ap/?depuis=sesame"]:
        assert pattern.fullmatch(good)
    for bad in ["http://extranet.exemple.fr/", "extranet.exemple.fr", "https://a@exemple.fr/", "https://exemple.fr/ x"]:
        assert not pattern.fullmatch(bad)
    assert properties("SessionFunction")["Environment"]["Variables"]["SESAME_EXTRANET"] == {"Ref": "ExtranetUrl"}


# ----------------------------------------------------------------------------------------- function at the edge


def test_the_edge_knows_every_page():
    folder = ROOT / "web" / "pages"
    pages = set()
    for path in [*folder.rglob("*.njk"), *folder.rglob("*.md")]:
        place = path.relative_to(folder).with_suffix("")
        # Asked for by the name of their file, as a download is.
        is_file = re.search(r"^permalink: .*\.html$", path.read_text(), re.MULTILINE)
        if not place.parts[0].startswith("_") and not is_file:
            parts = place.parts[:-1] if place.name == "index" else place.parts
            pages.add("/" + "".join(f"{part}/" for part in parts))
    listed = re.search(r"var PAGES = \[(.*?)\];", properties("PageAddresses")["FunctionCode"], re.DOTALL)[1]
    assert sorted(re.findall(r"'([^']+)'", listed)) == sorted(pages)


def test_addresses_of_pages(tmp_path):
    """The function at the edge, run by Node."""
    asks = [
        "/",
        "/aide/",
        "/aide",
        "/ailleurs/",
        "/ailleurs",
        "//evil.example/x",
        "/assets/a.js",
        "/favicon.ico",
    ]
    addresses_of_pages = [
        "/index.html",
        "/aide/index.html",
        [301, "/aide/", None],
        [404, None, None],
        [404, None, None],
        [404, None, None],
        "/assets/a.js",
        "/favicon.ico",
    ]
    assert addresses(tmp_path, "'no'", asks) == addresses_of_pages
    # A key that is not there throws, as a store that does not answer: the site is open.
    assert addresses(tmp_path, "undefined", asks) == addresses_of_pages


def test_a_closed_service_says_so_on_every_page_and_when_to_come_back(tmp_path):
    asks = ["/", "/aide/", "/ailleurs", "/503.html", "/assets/a.js"]
    closed = [503, None, "900"]
    assert addresses(tmp_path, "'yes'", asks) == [closed, closed, closed, "/503.html", "/assets/a.js"]


def test_the_edge_reads_the_store_that_the_levers_write():
    (store,) = properties("PageAddresses")["FunctionConfig"]["KeyValueStoreAssociations"]
    assert store == {"KeyValueStoreARN": {"Fn::GetAtt": ["SiteState", "Arn"]}}
    levers = (ROOT / "xtask" / "src" / "deploy" / "levers.rs").read_text()
    assert '"put-key", "--key", "closed"' in levers
    assert "cf.kvs().get('closed')" in properties("PageAddresses")["FunctionCode"]


def addresses(tmp_path, stored: str, asks: list[str]) -> list:
    code = properties("PageAddresses")["FunctionCode"]
    first, rest = code.split("\n", 1)
    assert first == "import cf from 'cloudfront';"
    script = tmp_path / "addresses.mjs"
    script.write_text(
        f"const stored = {stored};\n"
        + "const get = async () => { if (stored === undefined) throw new Error('none'); return stored; };\n"
        + "const cf = { kvs: () => ({ get }) };\n"
        + rest
        + "\nconst header = (answer, name) => (answer.headers[name] || {}).value;"
        + f"\nconst all = await Promise.all({json.dumps(asks)}.map((uri) => handler({{ request: {{ uri }} }})));"
        + "\nconst said = (one) => one.uri || [one.statusCode, header(one, 'location'), header(one, 'retry-after')];"
        + "\nconsole.log(JSON.stringify(all.map(said)));"
    )
    done = subprocess.run(["node", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
