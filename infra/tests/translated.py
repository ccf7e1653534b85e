"""The template as CloudFormation has it once both its transforms have run, for the tests and the emulator."""

import copy
import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-3")

from ministack.services.cloudformation import language_extensions  # noqa: E402
from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"


def source() -> dict:
    """The template as it is written."""
    return json.loads(json.dumps(yaml_parse(TEMPLATE.read_text())))


def translated(**overrides: str) -> dict:
    """Translated, with these parameters and the defaults of the others.

    `Fn::ForEach` is expanded by the emulator's code: the SAM CLI's own (1.161) turns a `Fn::Sub` that it cannot resolve
    into plain text.
    """
    template = source()
    values = {name: str(given["Default"]) for name, given in template["Parameters"].items() if "Default" in given}
    expanded = language_extensions.apply(copy.deepcopy(template), values | overrides)
    expanded["Transform"] = "AWS::Serverless-2016-10-31"
    # Where the code is does not matter here, and the translator takes no folder.
    expanded["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    return json.loads(json.dumps(transform(expanded, {}, SimpleNamespace(load=dict))))
