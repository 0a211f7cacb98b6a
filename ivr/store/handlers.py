"""Who can handle a case: accounts that work on cases, and the hotline's windows; found by name, seat or initials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pypinyin import Style, lazy_pinyin
from sqlalchemy import Connection, select

from ivr.cases.actions import STAFF, Refused
from ivr.store.sql import table

USERS = table("users")
NEAR = 5  # names that are proposed


@dataclass(frozen=True, slots=True)
class Handler:
    """Somebody, or a window 窗口. ``name``: as it is stored; ``told``: the accounts that get its notices."""

    name: str
    seat: str
    role: str  # of an account; empty: a window
    told: tuple[str, ...]

    @property
    def initials(self) -> str:
        """The first letters of its pinyin: 王芳 → ``wf``."""
        return "".join(lazy_pinyin(self.name, style=Style.FIRST_LETTER)).lower()

    def found_by(self, text: str) -> bool:
        """Is the text part of the name, or the beginning of the seat's number or of the initials?"""
        text = text.casefold().replace(" ", "")
        return text in self.name.casefold() or bool(self.seat and self.seat.startswith(text)) or (
            self.initials.startswith(text)
        )  # fmt: skip


def handlers(connection: Connection, windows: Mapping[str, Sequence[str]]) -> list[Handler]:
    """Everybody a case can be handed to. ``windows``: name -> its seats."""
    query = select(USERS.c.name, USERS.c.seat, USERS.c.role).where(USERS.c.active, USERS.c.role.in_(STAFF))
    people = [Handler(row.name, row.seat, row.role, (row.name,)) for row in connection.execute(query.order_by("name"))]
    units = [
        Handler(name, "", "", tuple(one.name for one in people if one.seat and one.seat in seats))
        for name, seats in windows.items()
    ]
    return people + units


def resolve(known: Sequence[Handler], text: str, field: str = "handler") -> Handler:
    """The one that is meant: its name, or the only one the text finds. Raises :class:`Refused`."""
    exact = [one for one in known if one.name == text]
    near = exact or [one for one in known if one.found_by(text)]
    if len(near) == 1:
        return near[0]
    if near:
        names = "、".join(one.name for one in near[:NEAR])
        raise Refused(f"“{text}”不止一个：{names}。", f"{text!r} is more than one: {names}", field)
    raise Refused(
        f"没有“{text}”这个账号或窗口，请从列表中选择。",
        f"there is no account or window {text!r}; choose one from the list",
        field,
    )
