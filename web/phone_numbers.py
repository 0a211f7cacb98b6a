"""Telephone numbers on pages: always through the mask; in the clear only for a reason that is written down."""

from __future__ import annotations

from collections.abc import Iterable

from flask import abort
from flask_babel import gettext as _
from flask_login import current_user

from ivr.masking import mask
from store.engine import Session
from web.access import may
from web.db import config, reading, record, writing
from web.drafts import refused, wrong
from web.forms import field

REASON_MIN = 4  # characters of a reason; "x" is none
REASON_MAX = 200


def clear_number(session: Session, party_id: str | None) -> str | None:
    """The number in the clear; for :func:`masked` and :func:`show_number` only."""
    if party_id is None:
        return None
    party = config().parties.read(session.connection(), party_id)
    return party.number if party else None


def masked(party_id: str | None, *, anonymous: bool = False, role: str | None = None) -> str:
    """What this role sees of a person's number."""
    if anonymous or party_id is None:
        return ""
    return mask(clear_number(reading(), party_id), role or current_user.role, anonymous=anonymous)


def masked_all(people: Iterable[tuple[str, str | None, bool]]) -> dict[str, str]:
    """Return what is seen of many persons' numbers, by row, with one query; ``people``: (row, party, anonymous)."""
    every = list(people)
    known = {party for _row, party, anonymous in every if party and not anonymous}
    numbers = config().parties.numbers(reading().connection(), known) if known else {}
    role = current_user.role
    return {
        row: mask(numbers.get(party or ""), role) if party and not anonymous else "" for row, party, anonymous in every
    }


def show_number(target: str, party_id: str | None, *, anonymous: bool) -> tuple[str, str]:
    """The whole number for the reason in the form, audited; or ``("", problem)``, and the form comes back with it.

    403 without the right.
    """
    if not may("number"):
        abort(403)
    reason = field("reason", REASON_MAX + 1)
    if anonymous:
        return _not_shown("", _("匿名举报不显示任何号码。"))
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        return _not_shown("reason", _("请写明查看号码的原因（4–200 个字），它会写入审计记录。"))
    with writing() as db:
        record(db, "number.show", target=target, detail=reason)
        number = clear_number(db, party_id)
    return (number, "") if number else _not_shown("", _("没有可显示的号码。"))


def _not_shown(name: str, why: str) -> tuple[str, str]:
    refused(wrong(name, why))
    return "", why
