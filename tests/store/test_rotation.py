"""New keys for old while the hotline runs: everything stays readable, whatever moment it is killed at."""

from __future__ import annotations

import base64
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from hotline.config.settings import Settings
from hotline.process.rotation import KINDS, Rotation, RotationUnfinished
from ivr.ledger import Live, Party
from recordings.keys import KeyProblem, KeyRing
from recordings.vault import Vault
from services import users
from store import aside
from store.journal.live import LiveCalls
from store.journal.rebuild import verify
from store.people import accounts
from store.people.drafts import Drafts
from store.people.parties import Parties, cases_of_code, query_code_of
from store.schema import User
from store.sql import table
from store.upkeep.resealing import SEALED
from tests.support.casework import Desk

NUMBER, WHO, TEXT, SECRET = "13800001111", "王某,电力公司职工", "来信反映窗口人员态度生硬", "A" * 32
LIVE = Live("machine state", "ref", "flow", "step", 1, 1, "", "", None, False)
NOW = 1_795_000_000_000


class Killed(BaseException):
    """The process is gone."""


class House:
    """A hotline with something of everything that is sealed."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk, self.engine, self.folder = desk, desk.engine, folder
        self.settings = Settings.model_validate({"data": {"dir": folder}})
        self.case = desk.letter()
        self.report = desk.letter("report", anonymous=True, number="", identity=WHO)
        keys = desk.keys
        with self.engine.begin() as connection:
            command = connection.scalar(select(table("cases").c.command_id).where(table("cases").c.id == self.report))
            Drafts(keys).save(connection, "u1", "f", {"text": TEXT}, NOW)
            LiveCalls(keys, "other", 60_000).save(connection, {"call-1": LIVE}, NOW)
            aside.put(connection, "live_call", "call-2", "new", NOW, keys.encrypt(b"left", b"live:call-2"))
            totp = keys.encrypt(SECRET.encode(), accounts.factor_place("王芳"))
            connection.execute(update(table("users")).where(table("users").c.id == "王芳").values(totp=totp))
        self.code = query_code_of(keys, str(command))
        (folder / "spool.bad").write_bytes(base64.b64encode(keys.encrypt(b"a turn")) + b"\n")
        self.vault = Vault(folder / "vault", keys)
        with wave.open(str(folder / "a.wav"), "wb") as wav:
            wav.setnchannels(1), wav.setsampwidth(2), wav.setframerate(8000)
            wav.writeframes(struct.pack("<800h", *range(800)))
        self.sound = (folder / "a.wav").read_bytes()
        self.vault.put(folder / "a.wav", "r1")
        self.old = keys.ids[0]

    def rotation(self, step: Callable[[str, int], None] = lambda what, n: None) -> Rotation:
        ring = KeyRing.open(self.folder / "keys")
        return Rotation(self.settings, self.engine, ring, "root", step, settle_s=0, now=lambda: NOW)

    def read(self) -> None:
        """Everything says what it said."""
        keys = KeyRing.open(self.folder / "keys")
        with self.engine.begin() as connection:
            party = str(connection.scalar(select(table("cases").c.party_id).where(table("cases").c.id == self.case)))
            found = Parties(keys).read(connection, party)
            assert found is not None and found.number == NUMBER
            assert Drafts(keys).of(connection, "u1", NOW)["f"].fields == {"text": TEXT}
            assert cases_of_code(connection, keys, self.code) == [self.report]
            calls, broken = LiveCalls(keys, "other", 1).interrupted(connection, NOW, (), str)
            assert [call.live for call in calls] == [LIVE] and not broken
            for one in SEALED:  # whatever else there is
                columns = [table(one.table).c[name] for name in (*one.key, one.column)]
                for row in connection.execute(select(*columns).where(columns[-1].is_not(None))).mappings():
                    assert keys.decrypt(bytes(row[one.column]), one.place(row))
        with Session(self.engine) as session:
            secret = session.scalar(select(User.totp).where(User.id == "王芳"))
            assert keys.decrypt(bytes(secret or b""), accounts.factor_place("王芳")) == SECRET.encode()
        assert b"".join(Vault(self.folder / "vault", keys).stream("r1")) == self.sound
        line = (self.folder / "spool.bad").read_bytes().split(b"\n")[0]
        assert keys.decrypt(base64.b64decode(line)) == b"a turn"

    def sealed_by(self) -> set[str]:
        """The keys that anything is sealed by."""
        with self.engine.begin() as connection:
            rows = [connection.scalars(select(table(one.table).c[one.column])).all() for one in SEALED]
        found = {KeyRing.key_id(bytes(token)) for tokens in rows for token in tokens if token is not None}
        line = (self.folder / "spool.bad").read_bytes().split(b"\n")[0]
        return found | {KeyRing.key_id(base64.b64decode(line))}


@pytest.fixture
def house(desk: Desk, tmp_path: Path) -> House:
    return House(desk, tmp_path)


def _number_keys(engine: Engine) -> set[str | None]:
    with engine.begin() as connection:
        return set(connection.scalars(select(table("parties").c.number_hmac)))


def test_after_a_rotation_everything_is_by_the_new_keys_and_the_old_are_gone(house: House) -> None:
    before, (cookie,) = _number_keys(house.engine), KeyRing.open(house.folder / "keys").cookie_secrets()
    rotation = house.rotation()
    rotation.run(KINDS)
    house.read()
    ring = KeyRing.open(house.folder / "keys")
    assert set(ring.ids) == house.sealed_by() and house.old not in ring.ids
    assert not ring.unfinished and ring.former is None
    assert cookie not in ring.cookie_secrets() and len(ring.cookie_secrets()) == 1
    assert not before & _number_keys(house.engine) - {None}
    assert verify(house.engine) == []
    with Session(house.engine) as session:
        audited = [(row.action, row.target) for row in session.query(users.Audit) if row.action.startswith("keys.")]
    assert sorted(audited) == sorted((f"keys.{what}", kind) for what in ("begin", "end") for kind in KINDS)


def test_killed_at_any_moment_everything_is_readable_and_the_next_run_goes_on(house: House) -> None:
    told = 0

    def count(what: str, n: int) -> None:
        nonlocal told
        told += 1
        if told >= limit:
            raise Killed

    kills, limit, finished = 0, 1, False
    while not finished:
        told = 0
        try:
            house.rotation(count).run(() if kills else KINDS)
            finished = True
        except Killed:
            house.read()
            kills += 1
        limit = max(1, kills - 8)  # at first at each piece; then later and later, as looks that find nothing count, too
    assert kills > 12
    house.read()
    assert house.sealed_by() == set(KeyRing.open(house.folder / "keys").ids)
    assert verify(house.engine) == []


def test_killed_between_the_two_files_of_a_new_look_up_key_it_goes_on(house: House) -> None:
    folder = house.folder / "keys"
    (folder / "index-old.key").hardlink_to(folder / "index.key")
    house.rotation().run(("index",))
    house.read()
    assert not (folder / "index-old.key").exists()


def test_the_hotline_writes_and_finds_people_meanwhile(house: House) -> None:
    """Another process has held the ring since before: it needs no restart."""
    hotline, written = Parties(house.desk.keys), []

    def meanwhile(what: str, n: int) -> None:
        with house.engine.begin() as connection:
            party = Party(f"p{len(written)}", "13900002222")
            hotline.write(connection, party, NOW)
            written.append(party)
            assert hotline.read(connection, party.id) == party
            assert cases_of_code(connection, house.desk.keys, house.code) == [house.report]

    house.rotation(meanwhile).run(KINDS)
    assert len(written) > 5
    fresh = Parties(KeyRing.open(house.folder / "keys"))
    with house.engine.begin() as connection:
        assert [fresh.read(connection, party.id) for party in written] == written
    ids = {party.id for party in written}
    keys = {row["number_hmac"] for row in house.desk.rows("parties") if row["id"] in ids}
    assert keys == {fresh.number_hmac("13900002222")}, "they are one person"
    assert house.sealed_by() == set(house.desk.keys.ids)


def test_a_query_code_is_found_after_every_rotation(house: House) -> None:
    for _ in range(3):
        house.rotation().run(("index",))
        house.read()
    again = house.desk.letter("report", anonymous=True, number="", identity="")
    (before,) = house.desk.rows("cases", id=again)
    house.rotation().run(KINDS)
    house.read()
    (case,) = house.desk.rows("cases", id=again)
    assert case == before | {"query_hash": case["query_hash"]} != before, "nobody did anything to the case"
    assert verify(house.engine) == []


def test_what_waits_in_the_spool_keeps_the_old_keys(house: House) -> None:
    spool = house.folder / "spool.jsonl"
    empty = spool.read_bytes()
    head = empty.split(b"\n", 1)[0]
    spool.write_bytes(head + b"\n" + base64.b64encode(house.desk.keys.encrypt(b"{}")) + b"\n" + b"\0" * 64)
    with pytest.raises(RotationUnfinished, match="spool"):
        house.rotation().run(("data",))
    assert len(KeyRing.open(house.folder / "keys").ids) == 2
    spool.write_bytes(empty)
    house.rotation().run(())
    assert KeyRing.open(house.folder / "keys").unfinished == ()


def test_a_row_that_was_changed_by_hand_stops_nothing_and_is_told(house: House) -> None:
    with house.engine.begin() as connection:
        token = bytearray(house.desk.keys.encrypt(b"x", b"elsewhere"))
        row = {"account": "u2", "form": "f", "at": NOW, "sealed": bytes(token)}
        connection.execute(insert(table("drafts")), row)
    rotation = house.rotation()
    rotation.run(("data",))
    assert rotation.notes == ["1 rows are opened by no key and stay as they are"]
    assert KeyRing.open(house.folder / "keys").unfinished == ()


def test_a_recording_deleted_meanwhile_does_not_come_back(house: House) -> None:
    house.rotation(lambda what, n: house.vault.delete("r1") and None).run(("data",))
    assert list((house.folder / "vault").glob("*/*")) == []


def test_keys_of_the_environment_are_appended_by_hand_and_then_taken_out(house: House) -> None:
    def b64(key: bytes) -> str:
        return base64.b64encode(key).decode()

    files = {path.stem: path.read_text().strip() for path in (house.folder / "keys").glob("*.key")}
    alone = KeyRing.parse(f"{house.old}:{files[house.old]},index:{files['index']}")
    with pytest.raises(KeyProblem, match="append a new id"):
        Rotation(house.settings, house.engine, alone, "root", settle_s=0).run(("data",))
    both = KeyRing.parse(f"{house.old}:{files[house.old]},new:{b64(b'n' * 32)},index:{files['index']}")
    rotation = Rotation(house.settings, house.engine, both, "root", settle_s=0)
    rotation.run(())
    assert house.sealed_by() == {"new"}
    assert rotation.notes == [f"take {house.old} out of HOTLINE_KEY and restart"]
