"""What the journal means for outage notices 停电公告 (pure; part of :mod:`ivr.projections.fold`, PWR-2).

The notice's id stands in ``case_id``: it is the file these facts, of kind ``outage``, belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.facts import outages as f
from ivr.facts.base import Content
from ivr.projections.rows import JournalRow, Row, Tables


def _announced(tables: Tables, fact: JournalRow[f.OutageAnnounced]) -> None:
    notice, said = fact.case_id or "", fact.content
    if notice in tables.outages:
        return
    row: Row = {"id": notice, "entered": fact.at, "entered_by": said.who, "reason": fact.reason}
    row |= {"line": said.line, "area": said.area, "kind": said.kind, "starts": said.starts, "ends": said.ends}
    row |= {"announced": said.announced, "days": said.days, "short": said.short, "confirmed": said.confirmed}
    row |= {"customers": 0, "told": 0}
    row |= {"restored": None, "restored_by": "", "withdrawn": None, "withdrawn_by": "", "withdrawn_why": ""}
    tables.put("outages", row)


def _named(tables: Tables, fact: JournalRow[f.OutageCustomerNamed]) -> None:
    row, key = tables.outages.get(fact.case_id or ""), _customer(fact)
    if row is None or key in tables.outage_customers:
        return
    customer: Row = {"id": key, "outage_id": row["id"], "n": fact.content.n, "name": fact.content.name}
    tables.put("outage_customers", {**customer, "tries": 0, "told": None, "how": "", "result": "", "who": ""})
    _count(tables, row)


def _told(tables: Tables, fact: JournalRow[f.OutageCustomerTold]) -> None:
    row, customer = tables.outages.get(fact.case_id or ""), tables.outage_customers.get(_customer(fact))
    if row is None or customer is None:
        return
    said = fact.content
    customer |= {"told": said.told, "how": said.how, "result": said.result, "who": said.who}
    customer["tries"] += 1
    tables.put("outage_customers", customer)
    _count(tables, row)


def _restored(tables: Tables, fact: JournalRow[f.OutageRestored]) -> None:
    row = tables.outages.get(fact.case_id or "")
    if row is not None and row["restored"] is None:
        tables.put("outages", row | {"restored": fact.content.restored, "restored_by": fact.content.who})


def _withdrawn(tables: Tables, fact: JournalRow[f.OutageWithdrawn]) -> None:
    row = tables.outages.get(fact.case_id or "")
    if row is not None and row["withdrawn"] is None:
        change = {"withdrawn": fact.at, "withdrawn_by": fact.content.who, "withdrawn_why": fact.reason}
        tables.put("outages", row | change)


def _customer(fact: JournalRow[f.OutageCustomerNamed | f.OutageCustomerTold]) -> str:
    return f"{fact.case_id}/{fact.content.n}"


def _count(tables: Tables, row: Row) -> None:
    """How many key customers there are, and how many were told."""
    mine = [each for each in tables.outage_customers.values() if each["outage_id"] == row["id"]]
    told = sum(each["result"] == "told" for each in mine)
    tables.put("outages", row | {"customers": len(mine), "told": told})


FOLDS: Mapping[type[Content], Callable[[Tables, Any], None]] = {
    f.OutageAnnounced: _announced,
    f.OutageCustomerNamed: _named,
    f.OutageCustomerTold: _told,
    f.OutageRestored: _restored,
    f.OutageWithdrawn: _withdrawn,
}
