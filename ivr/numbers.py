"""Telephone numbers: what came, in any spelling, becomes one key, one form to dial, one form to say (pure).

    number = read("+86 138-0000 1111", Plan())    # Number("13800001111", "13800001111", "138 0000 1111")
    number = read("8765 4321", Plan(area="23"))   # Number("02387654321", …): the unit's own area code
    number = read("13800001111转801")             # NotANumber(Why("extension", …))

Everybody asks here: both engines, the store, the search, forms, typed keys, the outgoing rules, the numbers that were
called. Folded are Unicode's compatible forms (NFKC: １３８ is 138) and the separators people write between digits;
anything else is refused with its reason, and two numbers, or a number with an extension, are never joined to one.

Lengths and area codes are those of Google's libphonenumber (``phonenumbers``). It does not know China's service
numbers (12345, 95598, 96xxx), nor how a subscriber's number begins (2 to 8): that is the rule on top of it here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import partial

import phonenumbers

from ivr.spoken import phone_groups

LONGEST = 20  # digits of a number with every prefix; E.164 has 15
CHINA = "86"
_BETWEEN = r" \t().·\u2010-\u2015\u2212-"  # after NFKC; U+2010…: hyphens and dashes, U+2212: minus
_GAPS = re.compile(rf"[{_BETWEEN}]+")
_PLAIN = re.compile(rf"[0-9+{_BETWEEN}]*")
_EXTENSION = re.compile(r"(?:转|分机|接|内线|ext\.?|x|#|,)+", re.IGNORECASE)
_WHOLE = 7  # digits from here on may be a number of their own

_MOBILE = re.compile(r"0?(1[3-9][0-9]{9})")
_FREE = re.compile(r"[48]00[0-9]{7}")
# 110 … 12x, five digits from 10 to 12 (10086, 12345), 116114, 118114; 95xxx with its longer forms; 96xxx, 96xxxx.
_SERVICE = r"1[12][0-9]|1[0-2][0-9]{3}|11[68]114|95[0-9]{3,6}|96[0-9]{3,4}"
_FIXED = re.compile(r"0(?P<area>10|2[0-9]|[3-9][0-9]{2})(?P<own>[2-8][0-9]{6,7})")
_AREA_SERVICE = re.compile(rf"0(?P<area>10|2[0-9]|[3-9][0-9]{{2}})(?P<own>{_SERVICE})")
_LOCAL = re.compile(r"[2-8][0-9]{6,7}")
_INTERNAL = re.compile(r"[0-9]{1,6}")  # of the exchange: 801; which of them are called is the house's own rule


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the unit is: ``country`` code, and its own ``area`` code (with or without its 0; "": none is set)."""

    country: str = CHINA
    area: str = ""

    def __str__(self) -> str:
        return f"{self.country} {self.area.removeprefix('0')}".strip()


@dataclass(frozen=True, slots=True)
class Why:
    """Why something is no number, or cannot be dialled: in one word, and in both languages."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Number:
    """``key``: digits its owner is known by. ``dialable``: as it is dialled here; "" for the reason ``why``.

    ``spoken``: its groups, as people say and write it; another country's begins with ``+``.
    """

    key: str
    dialable: str
    spoken: str
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class NotANumber:
    """No telephone number can be made of it, for the reason ``why``."""

    why: Why


HOME = Plan()
EMPTY = Why("no_number", "没有填写号码。", "no number is given")
TWO = Why("two_numbers", "这里有两个号码，请只填一个。", "these are two numbers; give one of them")
EXTENSION = Why(
    "extension",
    "号码带有分机号，无法直接拨打：请只填总机号码，分机写在要点里。",
    "this number has an extension, which cannot be dialled: give the number alone, and the extension in the text",
)
INCOMPLETE = Why("incomplete", "号码位数不对，请核对。", "this number is not complete, or has too many digits")
NO_AREA = Why("no_area_code", "固定电话没有区号，请加上区号。", "a local number is dialled with its area code: add it")


def read(text: str, plan: Plan = HOME) -> Number | NotANumber:
    """The number in ``text``, or why there is none."""
    folded = fold(text)
    if not folded:
        return NotANumber(EMPTY)
    if not _PLAIN.fullmatch(folded):
        return NotANumber(_strange(folded))
    written = _GAPS.sub("", folded)
    if "+" in written[1:]:
        return NotANumber(TWO if sum(len(part) >= _WHOLE for part in written.split("+")) > 1 else _not_dialled("+"))
    if not re.search("[0-9]", written):
        return NotANumber(_not_dialled(folded[0]))
    if written in (f"+{plan.country}", f"00{plan.country}"):
        return NotANumber(INCOMPLETE)
    joined = _joined(written, plan)
    if (why := _more_than_one(folded, joined, plan)) is not None:
        return NotANumber(why)
    return joined if len(joined.key) <= LONGEST else NotANumber(INCOMPLETE)


def key_of(text: str, plan: Plan = HOME) -> str:
    """What the owner of a stored number is known by, also when it can be no number: then by how it was written."""
    found = read(text, plan)
    return found.key if isinstance(found, Number) else f"?{fold(text)}"


def called_keys(text: str, plan: Plan = HOME) -> tuple[str, ...]:
    """What a called number goes by: its key; a service number also without the area code put in front of it.

    Whoever calls us with the area code of another city was still led to us.
    """
    key = key_of(text, plan)
    service = _AREA_SERVICE.fullmatch(key) if plan.country == CHINA else None
    return (key, service["own"]) if service else (key,)


def fold(text: str) -> str:
    """``text`` with compatible forms folded (NFKC), without what stands around it."""
    return unicodedata.normalize("NFKC", text).strip()


def digits_of(text: str) -> str:
    """The bare digits as they were written, prefixes and all; "" when there is anything else than separators."""
    folded = fold(text)
    return _GAPS.sub("", folded).replace("+", "") if _PLAIN.fullmatch(folded) else ""


# --- one number, or more -----------------------------------------------------------------------


def _strange(folded: str) -> Why:
    """What is wrong with a text that holds more than digits and separators."""
    parts = [_GAPS.sub("", part) for part in re.split(rf"[^0-9+{_BETWEEN}]+", folded)]
    whole = [part for part in parts if len(part) >= _WHOLE]
    if len(whole) > 1:
        return TWO
    between = re.findall(rf"[^0-9+{_BETWEEN}]+", folded)
    if len(parts) == 2 and whole == parts[:1] and parts[1] and _EXTENSION.fullmatch(between[0].strip()):
        return EXTENSION
    return _not_dialled(re.sub(rf"[0-9+{_BETWEEN}]", "", folded)[0])


def _not_dialled(char: str) -> Why:
    shown = char if char.isprintable() else f"U+{ord(char):04X}"
    return Why(
        "not_a_number",
        f"号码含有不能拨打的字符“{shown}”。",
        f'"{shown}" is nothing that can be dialled in a number',
    )


def _more_than_one(folded: str, joined: Number, plan: Plan) -> Why | None:
    """Is a complete number followed by more digits behind a separator? Then these are two, or an extension."""
    groups = [group for group in _GAPS.split(folded) if group]
    if joined.key.startswith("00") and joined.dialable:
        return None
    for end in range(1, len(groups)):
        head, rest = "".join(groups[:end]), "".join(groups[end:])
        if _complete(head, plan, joined):
            return TWO if _complete(rest, plan, joined) else EXTENSION
    return None


def _complete(written: str, plan: Plan, joined: Number) -> bool:
    """Could these digits stand alone? Short numbers only where all together are none: 86 10 6512 3456 is one."""
    digits = written.strip("+")
    if joined.why is NO_AREA or (joined.dialable and not _is_internal(joined.key)):
        return bool(_MOBILE.fullmatch(digits) or _FREE.fullmatch(digits) or _is_fixed(digits))
    found = _joined(written, plan)
    return found.why is NO_AREA or bool(found.dialable and not _is_internal(found.key))


# --- what the digits are -----------------------------------------------------------------------


def _joined(written: str, plan: Plan) -> Number:
    """The number of digits without separators (a leading ``+`` may stand before them)."""
    digits = "00" + written[1:] if written.startswith("+") else written
    home = _home(digits, plan.country)
    if home is None:
        return _foreign(digits) if digits.startswith("00") else _national(digits, plan)
    if home.startswith("00"):  # a way abroad behind the own country: nobody knows where it leads
        return _undialled(digits, INCOMPLETE)
    return _national(home if home.startswith("0") or _without_area(home) else "0" + home, plan)


def _home(digits: str, country: str) -> str | None:
    """What stands behind the own country code; None: the digits do not begin with it."""
    if digits.startswith("00" + country):
        return _bare(digits[2 + len(country) :])
    if country == CHINA and digits.startswith(CHINA) and len(digits) >= 11:  # longer than any local number
        return _bare(digits[2:])
    return None


def _bare(national: str) -> str:
    """Without a trunk 0 before a number that has none: +86 0138…, +86 0400…"""
    shorter = national.removeprefix("0")
    return shorter if _without_area(shorter) else national


def _without_area(digits: str) -> bool:
    return bool(_MOBILE.fullmatch(digits) or _FREE.fullmatch(digits) or _is_service(digits))


def _national(digits: str, plan: Plan) -> Number:
    if plan.country != CHINA:
        return _elsewhere(digits, plan)
    area = plan.area.removeprefix("0")
    if mobile := _MOBILE.fullmatch(digits):
        return _dialled(mobile[1])
    if _FREE.fullmatch(digits) or _is_service(digits) or _is_fixed(digits):
        return _dialled(digits)
    if found := _AREA_SERVICE.fullmatch(digits):
        return _dialled(found["own"]) if found["area"] == area else _dialled(digits, f"0{found['area']} {found['own']}")
    if len(digits) in (10, 11) and _is_fixed("0" + digits):  # as some exchanges pass it on
        return _dialled("0" + digits)
    if _LOCAL.fullmatch(digits):
        if not area:
            return _undialled(digits, NO_AREA)
        return _dialled(f"0{area}{digits}") if _is_fixed(f"0{area}{digits}") else _undialled(digits, INCOMPLETE)
    return _dialled(digits) if _INTERNAL.fullmatch(digits) else _undialled(digits, INCOMPLETE)


def _is_service(digits: str) -> bool:
    return re.fullmatch(_SERVICE, digits) is not None


def _is_internal(digits: str) -> bool:
    return _INTERNAL.fullmatch(digits) is not None and not _is_service(digits)


def _is_fixed(digits: str) -> bool:
    """A fixed line with its area code, as long as numbers of that area are."""
    return _FIXED.fullmatch(digits) is not None and phonenumbers.is_valid_number(
        phonenumbers.PhoneNumber(country_code=int(CHINA), national_number=int(digits))
    )


def _foreign(digits: str) -> Number:
    """Another country's number; ``digits`` begin with 00."""
    found = _parsed("+" + digits[2:], None)
    if found is None or not phonenumbers.is_possible_number(found):
        return _undialled(digits, INCOMPLETE)
    key = f"00{found.country_code}{phonenumbers.national_significant_number(found)}"
    if _parsed("+" + key[2:], None) != found:  # a prefix behind a prefix: which of them is dialled, nobody knows
        return _undialled(digits, INCOMPLETE)
    said = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return Number(key, key, " ".join(re.findall(r"\+?[0-9]+", said)))


def _elsewhere(digits: str, plan: Plan) -> Number:
    """A number of the own country, when that is not China: as libphonenumber dials it there."""
    parsed = partial(_parsed, region=phonenumbers.region_code_for_country_code(int(plan.country)))
    for written in (digits, plan.area + digits):
        found = parsed(written)
        if found is not None and phonenumbers.is_valid_number(found):
            said = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL)
            key = re.sub(r"[^0-9]", "", said)
            return Number(key, key, " ".join(re.findall(r"[0-9]+", said)))
    return _dialled(digits) if _INTERNAL.fullmatch(digits) else _undialled(digits, INCOMPLETE)


def _parsed(written: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None


def _dialled(digits: str, spoken: str = "") -> Number:
    return Number(digits, digits, spoken or " ".join(phone_groups(digits)))


def _undialled(digits: str, why: Why) -> Number:
    return Number(digits, "", " ".join(phone_groups(digits)) if len(digits) <= LONGEST else "", why)
