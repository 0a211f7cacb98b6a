"""What the journal means for outage notices 停电公告 (pure; part of :mod:`ivr.store.fold`, PWR-2).

The notice's id stands in ``case_id``: it is the file these facts, of kind ``outage``, belong to.

======================  ==============================================================================
outage_announced        who, line, area, kind, starts, ends, announced, days (the lead that was required), short,
                        confirmed (why a short one may be); why there is an outage in Fact.reason
outage_customer_named   who, n, name           (a key customer 重要客户, an organisation)
outage_customer_told    who, n, how, result, told
outage_restored         who, restored
outage_withdrawn        who                    (why in Fact.reason)
======================  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ivr.store.rows import JournalRow, Row, Tables


def _announced(tables: Tables, fact: JournalRow) -> None:
    notice, data = fact.case_id or "", fact.data
    if notice in tables.outages:
        return
    row: Row = {"id": notice, "entered": fact.at, "entered_by": data["who"], "reason": fact.reason}
    row |= {name: data[name] for name in ("line", "area", "kind", "starts", "ends", "announced", "days")}
    row |= {"short": data["short"], "confirmed": data["confirmed"], "customers": 0, "told": 0}
    row |= {"restored": None, "restored_by": "", "withdrawn": None, "withdrawn_by": "", "withdrawn_why": ""}
    tables.put("outages", row)


def _named(tables: Tables, fact: JournalRow) -> None:
    row, key = tables.outages.get(fact.case_id or ""), _customer(fact)
    if row is None or key in tables.outage_customers:
        return
    data = fact.data
    customer: Row = {"id": key, "outage_id": row["id"], "n": data["n"], "name": data["name"]}
    tables.put("outage_customers", {**customer, "tries": 0, "told": None, "how": "", "result": "", "who": ""})
    _count(tables, row)


def _told(tables: Tables, fact: JournalRow) -> None:
    row, customer = tables.outages.get(fact.case_id or ""), tables.outage_customers.get(_customer(fact))
    if row is None or customer is None:
        return
    customer |= {name: fact.data[name] for name in ("told", "how", "result", "who")}
    customer["tries"] += 1
    tables.put("outage_customers", customer)
    _count(tables, row)


def _restored(tables: Tables, fact: JournalRow) -> None:
    row = tables.outages.get(fact.case_id or "")
    if row is not None and row["restored"] is None:
        tables.put("outages", row | {"restored": fact.data["restored"], "restored_by": fact.data["who"]})


def _withdrawn(tables: Tables, fact: JournalRow) -> None:
    row = tables.outages.get(fact.case_id or "")
    if row is not None and row["withdrawn"] is None:
        change = {"withdrawn": fact.at, "withdrawn_by": fact.data["who"], "withdrawn_why": fact.reason}
        tables.put("outages", row | change)


def _customer(fact: JournalRow) -> str:
    return f"{fact.case_id}/{fact.data['n']}"


def _count(tables: Tables, row: Row) -> None:
    """How many key customers there are, and how many were told."""
    mine = [each for each in tables.outage_customers.values() if each["outage_id"] == row["id"]]
    told = sum(each["result"] == "told" for each in mine)
    tables.put("outages", row | {"customers": len(mine), "told": told})


FOLDS: Mapping[str, Callable[[Tables, JournalRow], None]] = {
    "outage_announced": _announced,
    "outage_customer_named": _named,
    "outage_customer_told": _told,
    "outage_restored": _restored,
    "outage_withdrawn": _withdrawn,
}
