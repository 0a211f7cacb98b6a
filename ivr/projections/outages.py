"""What the journal means for outage notices 停电公告 (pure; part of :mod:`ivr.projections.fold`, PWR-2).

The notice's id stands in ``case_id``: it is the file these facts, of kind ``outage``, belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.facts import outages as f
from ivr.facts.base import Content
from ivr.projections.rows import JournalRow, OutageCustomerRow, OutageRow, Tables
from ivr.rows import replace


def _announced(tables: Tables, fact: JournalRow[f.OutageAnnounced]) -> None:
    notice, said = fact.case_id or "", fact.content
    if notice not in tables.outages:
        tables.put(
            OutageRow(
                notice, said.line, said.area, said.kind, fact.reason, said.starts, said.ends, said.announced, fact.at,
                said.who, said.days, said.short, said.confirmed,
            )
        )  # fmt: skip


def _named(tables: Tables, fact: JournalRow[f.OutageCustomerNamed]) -> None:
    notice, key = tables.outages.get(fact.case_id or ""), _customer(fact)
    if notice is not None and key not in tables.outage_customers:
        tables.put(OutageCustomerRow(key, notice.id, fact.content.n, fact.content.name))
        _count(tables, notice)


def _told(tables: Tables, fact: JournalRow[f.OutageCustomerTold]) -> None:
    notice, customer = tables.outages.get(fact.case_id or ""), tables.outage_customers.get(_customer(fact))
    if notice is None or customer is None:
        return
    said, tries = fact.content, customer.tries + 1
    tables.put(replace(customer, told=said.told, how=said.how, result=said.result, who=said.who, tries=tries))
    _count(tables, notice)


def _restored(tables: Tables, fact: JournalRow[f.OutageRestored]) -> None:
    notice, said = tables.outages.get(fact.case_id or ""), fact.content
    if notice is not None and notice.restored is None:
        tables.put(replace(notice, restored=said.restored, restored_by=said.who))


def _withdrawn(tables: Tables, fact: JournalRow[f.OutageWithdrawn]) -> None:
    notice = tables.outages.get(fact.case_id or "")
    if notice is not None and notice.withdrawn is None:
        tables.put(replace(notice, withdrawn=fact.at, withdrawn_by=fact.content.who, withdrawn_why=fact.reason))


def _customer(fact: JournalRow[f.OutageCustomerNamed | f.OutageCustomerTold]) -> str:
    return f"{fact.case_id}/{fact.content.n}"


def _count(tables: Tables, notice: OutageRow) -> None:
    """How many key customers there are, and how many were told."""
    mine = [each for each in tables.outage_customers.values() if each.outage_id == notice.id]
    tables.put(replace(notice, customers=len(mine), told=sum(each.result == "told" for each in mine)))


FOLDS: Mapping[type[Content], Callable[[Tables, Any], None]] = {
    f.OutageAnnounced: _announced,
    f.OutageCustomerNamed: _named,
    f.OutageCustomerTold: _told,
    f.OutageRestored: _restored,
    f.OutageWithdrawn: _withdrawn,
}
