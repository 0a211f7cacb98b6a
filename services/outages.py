"""Outage notices 停电公告: written down as facts (PWR-2); read by ``store/read/outage_notices.py``.

    with engine.begin() as connection:
        announce(connection, uuid7(), draft, by, days, zone)

What may be written is decided by :mod:`ivr.outages.notice`. A reason is kept in the clear, so numbers in it are hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo

from ivr.cases.actions import ActionRefused
from ivr.facts.base import with_texts
from ivr.ledger import Fact
from ivr.outages import notice
from ivr.outages.notice import By, NoticeDraft, Standing
from ivr.projections.rows import OutageRow
from ivr.scrubbing import without_numbers
from store.engine import Connection
from store.journal import entries
from store.read.outage_notices import one, standing


def announce(
    connection: Connection, outage_id: str, draft: NoticeDraft, by: By, days: int, zone: tzinfo
) -> OutageRow | None:
    """Keep a notice. None: there is one of this id, and nothing was changed. Raises :class:`ActionRefused`."""
    if one(connection, outage_id) is not None:
        return None
    _write(connection, outage_id, notice.announce(draft, by, days, zone))
    return one(connection, outage_id)


def name_customers(connection: Connection, outage_id: str, names: Sequence[str], by: By) -> OutageRow:
    """More key customers 重要客户 to be told."""

    def facts(standing: Standing) -> tuple[Fact, ...]:
        if not any(name.strip() for name in names):
            raise ActionRefused("请填写重要客户名称。", "write the key customer's name", notice.CUSTOMERS)
        return notice.name_customers(standing, names, by)

    return _change(connection, outage_id, facts)


def tell(connection: Connection, outage_id: str, n: int, how: str, result: str, told: int | None, by: By) -> OutageRow:
    """What came of telling the notice's ``n``-th key customer."""

    def facts(standing: Standing) -> tuple[Fact, ...]:
        if not 1 <= n <= standing.customers:
            raise ActionRefused("公告中没有这个重要客户。", "the notice has no such key customer")
        return (notice.tell(standing, n, how, result, told, by),)

    return _change(connection, outage_id, facts)


def restore(connection: Connection, outage_id: str, restored: int | None, by: By) -> OutageRow:
    """Power is back."""
    return _change(connection, outage_id, lambda standing: (notice.restore(standing, restored, by),))


def withdraw(connection: Connection, outage_id: str, reason: str, by: By) -> OutageRow:
    """Take the notice back."""
    return _change(connection, outage_id, lambda standing: (notice.withdraw(standing, reason, by),))


def _change(connection: Connection, outage_id: str, facts: Callable[[Standing], Sequence[Fact]]) -> OutageRow:
    """Journal what may be done to the notice as it stands; the row it was done to."""
    found = one(connection, outage_id, hold=True)
    if found is None:
        raise ActionRefused("没有这个停电公告。", "there is no such outage notice")
    _write(connection, outage_id, facts(standing(found)))
    return found


def _write(connection: Connection, outage_id: str, facts: Sequence[Fact]) -> None:
    shown = [
        replace(fact, content=with_texts(fact.content, without_numbers), reason=without_numbers(fact.reason))
        for fact in facts
    ]
    entries.append_facts(connection, shown, case_id=outage_id)
