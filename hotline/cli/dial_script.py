"""Parse what a terminal telephone is to do: ``--keys "1,wait:3,2"``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["press", "wait", "step", "speak", "hangup"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do. ``press``: keys; ``wait``: seconds; ``step``: a step's name; ``speak``: a WAV."""

    kind: Kind
    value: str = ""


def parse(script: str) -> tuple[Act, ...]:
    """The acts of a script; ``ValueError`` names the item that is wrong and what can be written.

    >>> [f"{a.kind} {a.value}" for a in parse("1, wait:3, 2#")]
    ['press 1', 'wait 3', 'press 2#']
    """
    return tuple(_act(item.strip()) for item in script.split(",") if item.strip())


def _act(item: str) -> Act:
    if re.fullmatch(r"[0-9*#A-D]+", item):
        return Act("press", item)
    if item == "hangup":
        return Act("hangup")
    if match := re.fullmatch(r"wait:(\d+(?:\.\d+)?)", item):
        return Act("wait", match[1])
    if match := re.fullmatch(r"step:([\w.-]+)", item):
        return Act("step", match[1])
    if match := re.fullmatch(r"speak:(.+)", item):
        if not Path(match[1]).is_file():
            raise ValueError(f"there is no sound file {match[1]}")
        return Act("speak", match[1])
    raise ValueError(f'"{item}" is not understood; write keys (1, 2#), wait:SECONDS, step:NAME, speak:FILE or hangup')
