"""The rows of derived tables: what a record says is what the table holds, both ways."""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, fields
from typing import get_type_hints

import pytest
from sqlalchemy import Engine, text

from ivr.cases.case import CaseRow
from ivr.projections.rows import CallRow
from ivr.rows import replace
from store import derived
from store.journal.projection import DERIVED
from store.journal.rebuild import rebuild, verify
from store.journal.sql_ledger import SqlLedger
from store.sql import table
from tests.support.history import Caller

ROWS = sorted(DERIVED.items())


@pytest.mark.parametrize(("name", "kind"), ROWS)
def test_a_record_has_the_columns_of_its_table_and_is_none_where_they_may_be_null(name: str, kind: type) -> None:
    hints = get_type_hints(kind)
    columns = {column.name: column.nullable for column in table(name).columns}
    assert {field.name: type(None) in getattr(hints[field.name], "__args__", ()) for field in fields(kind)} == columns


@pytest.mark.parametrize(("name", "kind"), ROWS)
def test_what_stands_in_a_column_at_first_is_said_once_by_the_record(name: str, kind: type) -> None:
    assert [column.name for column in table(name).columns if column.default is not None] == []
    nothing = {field.name for field in fields(kind) if field.default is MISSING}
    assert nothing and "id" in nothing


def test_a_row_is_what_was_written(engine: Engine, ledger: SqlLedger) -> None:
    case = CaseRow("k", "2611230018", "c", "complaint", 1, explanation=("一", "二"), co_handlers=("李强",), version=7)
    with engine.begin() as connection:
        derived.write(connection, [case])
        assert derived.rows_by(connection, CaseRow, "id", ["k"]) == {"k": case}
        assert connection.scalar(text("SELECT explanation FROM cases")) == '["一", "二"]'


def test_a_list_that_cannot_be_read_is_no_row_of_the_journal_and_is_put_right(
    engine: Engine, ledger: SqlLedger
) -> None:
    call = Caller(ledger).arrives()
    call.opens_case("message")
    call.ends()
    for wrong in ("{", '{"a": 1}', "3"):
        with engine.begin() as connection:
            connection.execute(text("UPDATE cases SET explanation = :wrong"), {"wrong": wrong})
        assert [found.table for found in verify(engine)] == ["cases"]
        rebuild(engine)
        assert verify(engine) == []


def test_a_row_is_replaced_and_never_changed() -> None:
    call = CallRow("c", 5)
    after = replace(call, answered=7, keys="1")
    assert (call.answered, after.answered, after.keys, after.arrived) == (None, 7, "1", 5)
    assert after == CallRow("c", 5, answered=7, keys="1") and hash(after) == hash(CallRow("c", 5, answered=7, keys="1"))
    with pytest.raises(FrozenInstanceError):
        after.answered = 8  # type: ignore[misc]
    with pytest.raises(AttributeError):
        replace(call, anwsered=7)  # type: ignore[call-arg]
