"""What checkov finds in the templates, held against the exceptions that infra/checkov.json gives reasons for."""

import json
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from translated import NESTED, ROOT

INFRA = ROOT / "infra"
TEMPLATES = ["template.yaml", *NESTED, "edge.yaml", "outside.yaml", "vault.yaml", "pipelines/roles.yaml"]
WANTED = INFRA / "tests" / "checkov.txt"


@pytest.fixture(scope="session")
def checkov() -> Path:
    """In an environment of its own, made when it is not there: it wants other versions than the tools beside it."""
    cache = Path(os.environ.get("SESAME_CACHE", Path.home() / ".cache" / "sesame"))
    venv, installed = cache / "checkov", cache / "checkov" / "installed.txt"
    if not installed.exists() or installed.read_text() != WANTED.read_text():
        # Not of the environment that runs this: its packages would be found first.
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", WANTED]
        subprocess.run([venv / "bin" / "python", *pip], check=True)
        installed.write_text(WANTED.read_text())
    return venv / "bin" / "checkov"


def test_checkov_finds_only_what_has_a_reason(checkov):
    command = [checkov, "--framework", "cloudformation", "--compact", "--quiet", "--output", "json"]
    for name in TEMPLATES:
        command += ["--file", INFRA / name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=INFRA)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["summary"]["parsing_errors"] == 0 and said["summary"]["passed"] > 100
    found = {(each["check_id"], each["resource"]) for each in said["results"]["failed_checks"]}
    stated = json.loads((INFRA / "checkov.json").read_text())
    excepted = [(each["check"], pattern) for each in stated for pattern in each["resources"]]

    def is_excepted(one: tuple) -> bool:
        return any(one[0] == check and fnmatch(one[1], pattern) for check, pattern in excepted)

    assert sorted(one for one in found if not is_excepted(one)) == []
    # An exception for nothing is one too many.
    for check, pattern in excepted:
        assert any(one[0] == check and fnmatch(one[1], pattern) for one in found), (check, pattern)
    assert all(len(each["reason"]) > 40 for each in stated)
