"""Holds a running portal to its own OpenAPI document, with schemathesis: `python tests/schemathesis/run.py PORTAL`."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# Of no other test: two portals never share one.
PORT = 8473
SITE = f"http://localhost:{PORT}"
DOCUMENT = f"{SITE}/api/openapi.json"
# The portal may have to build its pages first.
START_SECONDS_MAX = 120


def wait_until_ready(portal: subprocess.Popen) -> None:
    for _ in range(10 * START_SECONDS_MAX):
        if portal.poll() is not None:
            sys.exit(f"the portal stopped: {portal.returncode}")
        try:
            urllib.request.urlopen(DOCUMENT).close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    sys.exit("the portal does not answer")


def main(program: str) -> int:
    settings = os.environ | {"SESAME_PORT": str(PORT), "SESAME_PROOF_COUNTER": "1"}
    portal = subprocess.Popen([program, "--ephemeral"], cwd=ROOT, env=settings, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(portal)
        schemathesis = Path(sys.executable).with_name("schemathesis")
        command = [schemathesis, "--config-file", HERE / "schemathesis.toml", "run", DOCUMENT]
        hooked = os.environ | {"SESAME_SITE": SITE, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
        return subprocess.run(command, cwd=HERE, env=hooked).returncode
    finally:
        portal.terminate()
        portal.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
