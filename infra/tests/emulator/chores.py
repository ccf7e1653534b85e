"""The chores of the project, as an operator calls them, at the emulator."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def shell(endpoint: str) -> dict:
    """What a shell needs to reach the emulator by the AWS command line of these tests."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SESAME_CACHE": os.environ.get("SESAME_CACHE", str(Path.home() / ".cache" / "sesame")),
        "AWS_ENDPOINT_URL": endpoint,
        # One service is asked at a host of the account's own, which no DNS knows here: by a proxy, none is
        # asked.
        "HTTP_PROXY": endpoint,
        "NO_PROXY": "",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_REGION": "eu-west-3",
        "SAM_CLI_TELEMETRY": "0",
    }


class Chores:
    """`cargo xtask …`. `cargo xtask test` says itself where its program is; else it is built."""

    def __init__(self, endpoint: str):
        program = os.environ.get("SESAME_XTASK")
        self.command = [program] if program else ["cargo", "run", "--quiet", "--package", "xtask", "--"]
        self.environment = os.environ | shell(endpoint)

    def run(self, words: tuple, said: str) -> subprocess.CompletedProcess:
        given = {"capture_output": True, "text": True, "env": self.environment, "cwd": ROOT, "input": said}
        return subprocess.run([*self.command, *words], **given)

    def __call__(self, *words: str) -> str:
        done = self.run(words, "")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str, said: str = "") -> str:
        done = self.run(words, said)
        assert done.returncode != 0, done.stdout
        return done.stderr
