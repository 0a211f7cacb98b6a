"""Chinese as it is typed in Latin letters: whole, and by initials. Other characters stay as they are.

Of the 47,000 phrases that tell how a character is read among others (重庆 is no ``zhongqing``), only those are kept
that begin with a character that was asked for: all of them take 40 MB, and half a second to load.
"""

from __future__ import annotations

import json
import os
from functools import cache, lru_cache
from importlib.resources import files
from threading import Lock

FIRST = "\u3007"  # the first of the characters that pypinyin reads


def spelled(text: str) -> str:
    """王芳 → ``wangfang``."""
    return _letters(text, "NORMAL")


def initials(text: str) -> str:
    """王芳 → ``wf``."""
    return _letters(text, "FIRST_LETTER")


@lru_cache(4096)
def _letters(text: str, style: str) -> str:
    return _speller().letters(text, style)


class _Speller:
    """pypinyin, which learns phrases as they are needed."""

    def __init__(self) -> None:
        os.environ["PYPINYIN_NO_PHRASES"] = "1"  # read as it is imported, and never again
        import pypinyin

        self._pypinyin, self._known, self._lock = pypinyin, set[str](), Lock()

    def letters(self, text: str, style: str) -> str:
        with self._lock:
            if new := {one for one in text if one >= FIRST} - self._known:
                self._pypinyin.load_phrases_dict(_phrases(new))
                self._known |= new
            return "".join(self._pypinyin.lazy_pinyin(text, style=getattr(self._pypinyin.Style, style)))


_speller = cache(_Speller)


def _phrases(firsts: set[str]) -> dict[str, list[list[str]]]:
    """How the phrases are read that begin with these characters."""
    every = files("pypinyin").joinpath("phrases_dict.json").read_bytes()  # a key, a bracket or a reading on each line
    found: dict[str, list[list[str]]] = {}
    for first in firsts:
        key, end = b'\n"' + first.encode(), 0
        while (at := every.find(key, end)) >= 0:
            end = every.index(b"\n]\n]", at) + 4
            found |= json.loads(b"{" + every[at:end] + b"}")
    return found
