"""The blocks of docs/operations.md that people type."""

import re
from dataclasses import dataclass

from translated import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text()


@dataclass
class Block:
    text: str
    # Whether the emulator can run it: a fence that says `sh tried`.
    is_tried: bool


def blocks() -> list:
    found = re.findall(r"^( *)```sh( tried)?\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    return [
        Block(re.sub(rf"^{indent}", "", text, flags=re.MULTILINE), bool(tried))
        for indent, tried, text in found
    ]


BLOCKS = blocks()
