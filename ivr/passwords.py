"""Whether a new password is good enough: long, not among those that leaked, and not what somebody here would guess.

    fault("gongdian95598", about=("王芳", "示范供电服务中心"))     # "named_password"

What leaked is known by zxcvbn's list of 30 000 (MIT); what is usual here (names in pinyin, numbers of hotlines, words
of this trade) by ``weak_words.txt``. Nothing is asked of any other machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ivr.pinyin import initials, spelled

PASSWORD_MIN = 10  # characters; the hasher is slow, so length is what matters
PASSWORD_MAX = 256  # more is an attempt to keep the hasher busy
LOOKED_AT = 64  # characters that are estimated: the estimate's time grows with the square of the length
ENOUGH = 9.9  # ten guesses to the power of this; ten random characters are 10
OWN = 5  # different characters that must be left when words everybody thinks of are taken out
WORDS = Path(__file__).with_name("weak_words.txt")


def fault(password: str, about: Iterable[str] = ()) -> str:
    """Why the password is refused: ``short_password``, ``long_password``, ``common_password`` (it leaked, or is easily
    guessed) or ``named_password`` (made of words of this place); empty: it is good.

    ``about``: names that anybody who guesses tries first: the account's, the person's, the unit's.
    """
    if len(password) < PASSWORD_MIN:
        return "short_password"
    if len(password) > PASSWORD_MAX:
        return "long_password"
    if len(set(password)) < OWN:
        return "common_password"
    names = {word for text in about for word in _words(text)}
    if len(set(_without(password.lower(), names | _weak_words()))) < OWN:
        return "named_password"
    return "common_password" if _guesses(password[:LOOKED_AT], names) < ENOUGH else ""


def _guesses(password: str, names: Iterable[str]) -> float:
    """How many tries find it, as a power of ten."""
    from zxcvbn import zxcvbn  # its lists take 0.15 s to load

    return float(zxcvbn(password, user_inputs=sorted(names))["guesses_log10"])


def _without(text: str, words: Iterable[str]) -> str:
    """The text without these words, the longest taken out first."""
    for word in sorted(words, key=lambda one: (-len(one), one)):
        text = text.replace(word, "")
    return text


def _words(text: str) -> set[str]:
    """A name as people type it: whole, in its parts, in pinyin and by initials."""
    plain = text.casefold()
    whole = [form.replace(" ", "") for form in (plain, spelled(plain), initials(plain))]
    found = {plain, *whole, *plain.replace(".", " ").replace("-", " ").split()}
    return {word for word in found if len(word) >= (2 if not word.isascii() else 3)}


@cache
def _weak_words() -> frozenset[str]:
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
