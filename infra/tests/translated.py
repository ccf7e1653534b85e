"""The templates as CloudFormation has them once SAM has been translated, for the tests."""

import copy
import functools
import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-3")

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
# What template.yaml nests. Each resource has a name of its own over all of them.
NESTED = ["site.yaml", "mail.yaml", "watch.yaml", "alarms.yaml", "backup.yaml"]
# What each function states of itself, as `cargo xtask generate` wrote it down.
STATED = json.loads((ROOT / "infra" / "functions.json").read_text())
FUNCTIONS = {each["logical"]: each for each in STATED}


@functools.cache
def parsed(name: str) -> dict:
    return json.loads(json.dumps(yaml_parse((TEMPLATE.parent / name).read_text())))


def source(name: str = "template.yaml") -> dict:
    """A template as it is written."""
    return copy.deepcopy(parsed(name))


def resolved(value, template: dict, given: dict):
    """The same value with `Fn::FindInMap` looked up, where its keys are plain or given."""
    if isinstance(value, list):
        return [resolved(each, template, given) for each in value]
    if not isinstance(value, dict):
        return value
    if "Fn::FindInMap" in value:
        keys = [given[key["Ref"]] if isinstance(key, dict) else key for key in value["Fn::FindInMap"]]
        found = template["Mappings"]
        for key in keys:
            found = found[key]
        return found
    return {key: resolved(each, template, given) for key, each in value.items()}


def translated(size: str = "small", senders: str = "4") -> dict:
    """By AWS's own translator, with what the mappings give at that size."""
    template = source()
    # Where the code is does not matter here, and the translator takes no folder.
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    plain = json.loads(json.dumps(transform(template, {}, SimpleNamespace(load=dict))))
    return resolved(plain, plain, {"Size": size, "MailSenders": senders})


def everything(size: str = "small", senders: str = "4") -> dict:
    """The resources of template.yaml and of all that it nests."""
    all_of_them = dict(translated(size, senders)["Resources"])
    for name in NESTED:
        template = source(name)
        resources = resolved(template, template, {"MailSenders": senders})["Resources"]
        assert not resources.keys() & all_of_them.keys(), f"{name} has a name that another template has"
        all_of_them |= resources
    return all_of_them


@functools.cache
def resources(size: str = "small", senders: str = "4") -> dict:
    return everything(size, senders)


def properties(name: str, size: str = "small", senders: str = "4") -> dict:
    return resources(size, senders)[name]["Properties"]


def of_type(kind: str) -> dict:
    return {name: each for name, each in resources().items() if each["Type"] == kind}


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def arn(name: str) -> dict:
    return {"Fn::GetAtt": [name, "Arn"]}
