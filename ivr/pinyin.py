"""Chinese as it is typed in Latin letters: whole, and by initials. Other characters stay as they are.

The dictionaries take half a second to load, so only who spells something loads them.
"""

from __future__ import annotations


def spelled(text: str) -> str:
    """王芳 → ``wangfang``."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(text))


def initials(text: str) -> str:
    """王芳 → ``wf``."""
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))
