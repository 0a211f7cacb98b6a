"""Deletion by the retention rules (B10): what is no longer needed goes, what is needed stays, and there is proof."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from hotline.config.settings import Settings
from hotline.process import retention as house
from ivr.cases.actions import ActionRefused
from ivr.profile import Profile
from recordings.keys import KeyRing
from recordings.vault import Vault
from services import users
from services.identities import Identities
from store.journal.rebuild import rebuild, verify
from store.journal.sql_ledger import SqlLedger
from store.people.parties import Parties
from store.schema import CaseNote, InboxRow, PartyKey, PartyRow, Recording, SealedIdentity
from store.upkeep import pruning
from store.upkeep.pruning import DAY_MS, Keep, digest
from tests.recordings.conftest import record
from tests.support.casework import Desk
from tests.support.history import START, Caller

PROFILE = Profile.load()
LATER = START + 200 * DAY_MS  # 180 days are over
AFTER_THREE = START + 400 * DAY_MS  # 08:30 in Beijing
MUCH_LATER = START + 600 * DAY_MS


def prune(engine: Engine, now: int, erase: Callable[[str], bool] = lambda ident: True) -> dict[str, int]:
    """Every rule; how many went by each."""
    found = {}
    for rule in pruning.rules(PROFILE, Keep(), now):
        expected = pruning.count(engine, rule)
        found[rule.name] = pruning.prune(engine, rule, erase, lambda: now, "test")["count"]
        assert found[rule.name] == expected or rule.name == "notices"
        assert pruning.count(engine, rule) == 0
    return found


def caller(ledger: SqlLedger, number: str, kind: str = "") -> Caller:
    call = Caller(ledger, number=number).arrives().records()
    if kind:
        call.opens_case(kind, recordings=("r1",))
    return call.ends()


def kept(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(Recording.call_id).where(Recording.pruned.is_(None))))


def test_b10_recordings_go_after_180_days_and_those_of_complaints_a_year_after_closing(
    engine: Engine, desk: Desk
) -> None:
    plain, message = caller(desk.ledger, "15400000001"), caller(desk.ledger, "15400000002", "message")
    complaint, open_ = caller(desk.ledger, "15400000003", "complaint"), caller(desk.ledger, "15400000004", "complaint")
    for call in (message, complaint):
        desk.closed(desk.rows("cases", call_id=call.call_id)[0]["id"])
    erased: list[str] = []
    assert prune(engine, LATER, lambda ident: not erased.append(ident))["recordings"] == 2
    assert kept(engine) == {complaint.call_id, open_.call_id}
    assert sorted(erased) == sorted(f"{call.call_id[:30]}r1" for call in (plain, message))
    assert prune(engine, MUCH_LATER)["recordings"] == 1
    assert kept(engine) == {open_.call_id}  # its case is open still
    assert verify(engine) == rebuild(engine) == []  # a rebuild knows what was deleted


def test_b10_the_file_is_gone_and_found_nowhere(
    engine: Engine, ledger: SqlLedger, keys: KeyRing, tmp_path: Path
) -> None:
    call = caller(ledger, "15400000001")
    vault = Vault(tmp_path / "vault", keys)
    vault.put(record(tmp_path / "a.wav", rate=8000), f"{call.call_id[:30]}r1")
    assert len(list(vault.ids())) == 1
    prune(engine, LATER, vault.delete)
    assert list(vault.ids()) == []
    assert [path for path in (tmp_path / "vault").rglob("*") if path.is_file()] == []


def test_b10_a_callers_number_becomes_unreadable_unless_somebody_still_needs_it(
    engine: Engine, desk: Desk, keys: KeyRing
) -> None:
    plain = caller(desk.ledger, "15400000001")
    missed = Caller(desk.ledger, number="15400000002").arrives().asks_for_a_person().ends(after=9000)
    with_case = caller(desk.ledger, "15400000003", "complaint")
    assert prune(engine, LATER)["people"] == 1
    with engine.connect() as connection:
        people = Parties(keys)
        assert people.read(connection, plain.party) is None
        assert {people.read(connection, call.party).number for call in (missed, with_case)} == {
            "15400000002", "15400000003",
        }  # fmt: skip
        row = connection.execute(select(PartyRow).where(PartyRow.id == plain.party)).one()
        assert (row.number, row.name, row.number_hmac) == (None, None, None)
        assert connection.scalar(select(PartyKey.wrapped).where(PartyKey.party_id == plain.party)) is None


def test_b10_texts_go_with_the_case_and_notices_when_they_are_done(engine: Engine, desk: Desk) -> None:
    closed, open_ = desk.letter(), desk.letter("suggestion")
    desk.closed(closed)
    desk.do(open_, "flag", flag="hot", reason="多人反映")
    with engine.begin() as connection:
        connection.execute(InboxRow.__table__.update().values(fanned=1))
        told = connection.scalar(select(func.count()).select_from(InboxRow))
    found = prune(engine, desk.now + 400 * DAY_MS)
    assert found["notices"] == told > 0
    with engine.connect() as connection:
        assert set(connection.scalars(select(CaseNote.case_id))) == {open_}


def test_b10_a_sealed_identity_goes_a_year_after_closing_unless_somebody_waits_for_it(
    engine: Engine, desk: Desk, keys: KeyRing
) -> None:
    identities = Identities(keys)
    with Session(engine) as session, session.begin():
        who = users.create_user(
            session, name="保管员", password="", role="custodian", now=desk.now - 2 * DAY_MS
        )  # two days ago: at once nobody may open
        who.confirmed, who.confirmed_by = who.created, "督导"
    plain, asked, open_ = (desk.letter("report", anonymous=True, number="", text=f"反映问题{n}") for n in range(3))
    with engine.begin() as connection:
        cases = {case_id: desk.casework.case(connection, case_id) for case_id in (plain, asked, open_)}
        for case in cases.values():
            identities.seal(connection, case, "李强", "operator", "某职工", desk.now)
        request = identities.ask(connection, cases[asked], "王芳", "lead", "来函核实", desk.now)
    for case_id in (plain, asked):
        desk.closed(case_id)
    assert prune(engine, desk.now + 364 * DAY_MS)["identities"] == 0
    assert prune(engine, desk.now + 366 * DAY_MS)["identities"] == 1
    with engine.begin() as connection:
        assert set(connection.scalars(select(SealedIdentity.case_id))) == {asked, open_}
        assert identities.open(connection, request, "保管员", "custodian", "核对无误", desk.now) == "某职工"
        with pytest.raises(ActionRefused, match="no sealed identity"):
            identities.ask(connection, cases[plain], "王芳", "lead", "来函核实", desk.now)
    assert prune(engine, desk.now + 366 * DAY_MS)["identities"] == 1
    assert [row["reason"] for row in desk.rows("identity_requests")] == ["来函核实"], "that it was asked for stays"


def test_every_deletion_leaves_a_proof_that_can_be_checked(engine: Engine, ledger: SqlLedger) -> None:
    calls = [caller(ledger, f"1540000000{n}") for n in range(3)]
    ids = sorted(f"{call.call_id[:30]}r1" for call in calls)
    prune(engine, LATER)
    with engine.connect() as connection:
        proofs = {row["rule"]: row for row in pruning.proofs(connection)}
    assert set(proofs) == {"recordings", "texts", "people", "identities", "notices"}
    proof = proofs["recordings"]
    assert (proof["count"], proof["bytes"], proof["by"], proof["profile"]) == (3, 120_000, "test", PROFILE.name)
    assert proof["digest"] == digest(ids) != digest(reversed(ids))
    assert (proof["before"], proof["finished"]) == (LATER - 180 * DAY_MS, LATER)
    assert proofs["texts"]["digest"] == digest(())


@pytest.mark.parametrize("dies_at", [0, 1, 3])
def test_killed_in_the_middle_it_is_consistent_and_the_next_goes_on(
    engine: Engine, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 1)  # every recording is a piece of its own
    calls = [caller(ledger, f"1540000000{n}") for n in range(4)]
    files = {f"{call.call_id[:30]}r1" for call in calls}
    rule = pruning.rules(PROFILE, Keep(), LATER)[0]

    def erase(ident: str) -> bool:
        if len(files) == 4 - dies_at:
            files.discard(ident)  # the file was deleted, and then the power went
            raise SystemExit
        files.discard(ident)
        return True

    with pytest.raises(SystemExit):
        pruning.prune(engine, rule, erase, lambda: LATER, "first")
    with engine.connect() as connection:
        (proof,) = pruning.proofs(connection)
        gone = sorted(connection.scalars(select(Recording.id).where(Recording.pruned.is_not(None))))
    assert (proof["count"], proof["finished"], proof["digest"]) == (dies_at, None, digest(gone))
    pruning.prune(engine, rule, lambda ident: files.discard(ident) is None, lambda: LATER + 1, "second")
    with engine.connect() as connection:
        second, _first = pruning.proofs(connection)
    assert second["count"] == 4 - dies_at
    assert files == set() and kept(engine) == set()
    assert verify(engine) == []


def settings_of(tmp_path: Path, url: str) -> Settings:
    return Settings.model_validate({"data": {"dir": str(tmp_path), "database_url": url}, "voice": {}})


def test_b10_a_fresh_hotline_deletes_by_itself(tmp_path: Path, engine: Engine, url: str) -> None:
    settings = settings_of(tmp_path, url)
    assert settings.prune.daily
    assert house.daily(settings, engine, lambda: AFTER_THREE), "there is nothing, so nobody need be told before"
    assert not house.daily(settings, engine, lambda: AFTER_THREE + 1), "once a day"


def test_b10_before_the_first_deletion_supervisors_are_told_a_day_ahead_what_would_go(
    tmp_path: Path, engine: Engine, url: str, desk: Desk
) -> None:
    caller(desk.ledger, "15400000001")
    settings = settings_of(tmp_path, url)
    assert not house.daily(settings, engine, lambda: AFTER_THREE)
    assert not house.daily(settings, engine, lambda: AFTER_THREE + DAY_MS - 1)
    (notice,) = desk.rows("inbox")
    assert (notice["recipient"], notice["kind"]) == ("role:supervisor", "prune_ahead")
    assert json.loads(notice["data"])["counts"]["recordings"] == 1
    assert len(kept(engine)) == 1
    assert house.daily(settings, engine, lambda: AFTER_THREE + DAY_MS)
    assert kept(engine) == set()
    assert house.daily(settings, engine, lambda: AFTER_THREE + 2 * DAY_MS), "from then on every day"
