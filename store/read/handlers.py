"""Who can handle a case: accounts that work on cases, and the hotline's windows; found by name, seat or initials."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy import Connection, select

from ivr.cases.actions import STAFF, ActionRefused
from ivr.pinyin import initials
from store.sql import table

USERS = table("users")
NEAR = 5  # names that are proposed
LIKE = 0.6  # how much of two texts must be the same, for one to be proposed for the other
NAMES = re.compile(r"[,，、;；\s]+")


@dataclass(frozen=True, slots=True)
class Handler:
    """Somebody, or a window 窗口. ``name``: as it is stored; ``told``: the accounts that get its notices."""

    name: str
    seat: str
    role: str  # of an account; empty: a window
    told: tuple[str, ...]
    full_name: str = ""

    @property
    def initials(self) -> str:
        """The first letters of its pinyin: 王芳 → ``wf``."""
        return initials((self.full_name or self.name).replace(" ", "")).lower()

    def found_by(self, text: str) -> bool:
        """Is the text part of the name, or the beginning of the seat's number or of the initials?"""
        text = text.casefold().replace(" ", "")
        names = (self.name.casefold(), self.full_name.casefold().replace(" ", ""))
        return any(text in name for name in names) or bool(self.seat and self.seat.startswith(text)) or (
            self.initials.startswith(text)
        )  # fmt: skip


def handlers(connection: Connection, windows: Mapping[str, Sequence[str]]) -> list[Handler]:
    """Everybody a case can be handed to. ``windows``: name -> its seats."""
    columns = (USERS.c.name, USERS.c.seat, USERS.c.role, USERS.c.full_name)
    query = select(*columns).where(USERS.c.active, USERS.c.role.in_(STAFF))
    found = connection.execute(query.order_by("name"))
    people = [Handler(row.name, row.seat, row.role, (row.name,), row.full_name) for row in found]
    units = [
        Handler(name, "", "", tuple(one.name for one in people if one.seat and one.seat in seats))
        for name, seats in windows.items()
    ]
    return people + units


def units(names: Mapping[str, str], seats: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The windows a case can be handed to, by name, with their seats. Both are given by the windows' ids."""
    return {names[code]: tuple(numbers) for code, numbers in seats.items() if code in names}


def handed(known: Sequence[Handler], fields: Mapping[str, str], by: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the fields of 转办 with full names, and the accounts to notify. Raises ``ActionRefused``."""
    if not fields.get("handler"):
        return dict(fields), ()
    handler = resolve(known, fields["handler"])
    others = [resolve(known, name, "co_handlers") for name in NAMES.split(fields.get("co_handlers", "")) if name]
    told = dict.fromkeys(name for one in (handler, *others) for name in one.told if name != by)
    names = {"handler": handler.name, "co_handlers": "，".join(one.name for one in others)}
    return {**fields, **names, "told": ",".join(told)}, tuple(told)


def resolve(known: Sequence[Handler], text: str, field: str = "handler") -> Handler:
    """Return whose name it is, or the only one the text finds. Raises :class:`ActionRefused` with near names."""
    exact = [one for one in known if one.name == text]
    found = exact or [one for one in known if one.found_by(text)]
    if len(found) == 1:
        return found[0]
    if found:
        names = "、".join(one.name for one in found[:NEAR])
        raise ActionRefused(f"“{text}”不止一个：{names}。", f"{text!r} is more than one: {names}", field)
    near = "、".join(one.name for one in _near(known, text))
    zh, en = (f"（相近的有：{near}）", f" (near: {near})") if near else ("", "")
    raise ActionRefused(
        f"没有“{text}”这个账号或窗口，请从列表中选择{zh}。",
        f"there is no account or window {text!r}; choose one from the list{en}",
        field,
    )


def _near(known: Sequence[Handler], text: str) -> list[Handler]:
    """Who may have been meant: written or sounding nearly so, the nearest first."""
    sound = initials(text).lower()

    def nearness(one: Handler) -> float:
        written = SequenceMatcher(None, one.name.casefold(), text.casefold()).ratio()
        return max(written, LIKE if sound == one.initials else 0.0)

    rated = sorted(((nearness(one), one) for one in known), key=lambda pair: -pair[0])
    return [one for rate, one in rated if rate >= LIKE][:NEAR]
