from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text

from ivr.ledger import Party
from recordings.keys import KeyRing
from store.people.parties import Parties, check_query_code, hash_query_code, query_code_of
from store.sql import table
from tests.rules.numbers_table import CITY, OF_THE_CITY, Spelling


def same_number(connection: Connection, parties: Parties, number: str) -> list[str]:
    """The ids of everybody with this number."""
    people = table("parties")
    found = select(people.c.id).where(people.c.number_hmac == parties.number_hmac(number))
    return list(connection.scalars(found.order_by(people.c.id)))


@pytest.fixture
def parties(keys: KeyRing) -> Parties:
    return Parties(keys)


def test_what_was_written_is_read_again(engine: Engine, parties: Parties) -> None:
    person = Party("p1", "13800001111", "王芳", "410000199001011234")
    with engine.begin() as connection:
        parties.write(connection, person, 1)
        assert parties.read(connection, "p1") == person


def test_a_name_learned_later_is_added(engine: Engine, parties: Parties) -> None:
    with engine.begin() as connection:
        parties.write(connection, Party("p1", "13800001111"), 1)
        parties.write(connection, Party("p1", name="王芳"), 2)
        assert parties.read(connection, "p1") == Party("p1", "13800001111", "王芳")


def test_a_sealed_person_is_gone_and_stays_gone(engine: Engine, parties: Parties) -> None:
    with engine.begin() as connection:
        parties.write(connection, Party("p1", "13800001111"), 1)
        parties.seal(connection, "p1")
        parties.write(connection, Party("p1", "13800001111"), 2)
        assert parties.read(connection, "p1") is None
        row = connection.execute(text("SELECT number_hmac, number, name, identity FROM parties")).one()
    assert tuple(row) == (None, None, None, None)


def test_a_repeat_caller_is_found_however_the_number_was_written(engine: Engine, parties: Parties) -> None:
    with engine.begin() as connection:
        parties.write(connection, Party("p1", "13800001111"), 1)
        parties.write(connection, Party("p2", "+86 138 0000 1111"), 2)
        parties.write(connection, Party("p3", "13800001112"), 3)
        assert same_number(connection, parties, "0086-13800001111") == ["p1", "p2"]


def test_every_spelling_of_a_number_is_one_person_and_no_other(engine: Engine, keys: KeyRing) -> None:
    city = Parties(keys, CITY)
    with engine.begin() as connection:
        city.write_all(connection, [(Party(f"p{n:03}", row.written), 1) for n, row in enumerate(OF_THE_CITY)])
        for row in OF_THE_CITY:
            same = [f"p{n:03}" for n, other in enumerate(OF_THE_CITY) if row.written.strip() and _one(row, other)]
            assert same_number(connection, city, row.written) == same, row.written


def _one(row: Spelling, other: Spelling) -> bool:
    """What is no number is somebody only to whom wrote it the same way."""
    return row.key == other.key if row.key else row.written == other.written


def test_one_persons_data_cannot_be_passed_off_as_anothers(engine: Engine, parties: Parties) -> None:
    with engine.begin() as connection:
        parties.write(connection, Party("p1", "13800001111"), 1)
        parties.write(connection, Party("p2", "13800002222"), 1)
        connection.execute(text("UPDATE parties SET number = (SELECT number FROM parties WHERE id='p1')"))
        with pytest.raises(ValueError, match="p2: number was changed"):
            parties.read(connection, "p2")


def test_people_stay_readable_after_the_master_key_was_rotated(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        Parties(keys).write(connection, Party("p1", "13800001111"), 1)
        keys.rotate()
        assert Parties(keys).read(connection, "p1") == Party("p1", "13800001111")
        kept = connection.scalar(select(table("parties").c.number_hmac))
        assert kept == Parties(keys).number_hmac("13800001111"), "still found by the number"


def test_a_query_code_opens_its_own_case_only(keys: KeyRing, tmp_path: Path) -> None:
    stored = hash_query_code(keys, "730412")
    assert check_query_code(keys, "730412", stored)
    assert not check_query_code(keys, "730413", stored)
    assert not check_query_code(keys, "730412", None)
    assert not check_query_code(keys, "730412", "garbage")
    assert stored != hash_query_code(KeyRing.open(tmp_path / "other"), "730412")


def test_the_salted_codes_of_before_still_open_their_cases(keys: KeyRing) -> None:
    stored = "h1$0a1b$" + keys.hmac(b"query:0a1b:730412")
    assert check_query_code(keys, "730412", stored) and not check_query_code(keys, "730413", stored)


def test_a_query_code_follows_from_the_command_for_who_holds_the_keys(keys: KeyRing, tmp_path: Path) -> None:
    code = query_code_of(keys, "call/case1")
    assert code == query_code_of(keys, "call/case1") and len(code) == 8 and code[0] != "0"
    others = {query_code_of(keys, "call/case2"), query_code_of(keys, "call/case1", 1)}
    assert code not in others | {query_code_of(KeyRing.open(tmp_path / "other"), "call/case1")}
