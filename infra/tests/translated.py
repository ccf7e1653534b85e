"""The template as CloudFormation has it once SAM has been translated, for the tests."""

import copy
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


def source(name: str = "template.yaml") -> dict:
    """A template as it is written."""
    return json.loads(json.dumps(yaml_parse((TEMPLATE.parent / name).read_text())))


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


def translated(size: str = "small") -> dict:
    """By AWS's own translator, with what the mappings give at that size."""
    template = copy.deepcopy(source())
    # Where the code is does not matter here, and the translator takes no folder.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    plain = json.loads(json.dumps(transform(template, {}, SimpleNamespace(load=dict))))
    return resolved(plain, plain, {"Size": size})
