"""Who may call, said to people: once when it is new, by the doctor always; and from where the test telephone calls."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from hotline.config.file import load, to_toml
from hotline.config.settings import Settings
from hotline.config.values import Address
from hotline.ports import is_ours, phone_host
from hotline.process import factories
from hotline.process.door import as_set, differs, examine, notice
from ivr.facts.of_call import system_fact
from ivr.telephony import AccessDenied
from store.figures import line_quality
from store.journal.entries import append_facts
from tests.support.database import migrated
from tests.support.hotline import Hotline

TRUNK = {"host": "203.0.113.7", "mode": "ip", "peers": ["203.0.113.8"]}


def settings(folder: Path, **changes: Any) -> Settings:
    path = folder / "hotline.toml"
    path.write_text(to_toml({"data": {"dir": str(folder / "data")}, **changes}), encoding="utf-8")
    return load(path, environ={})


def told(found: Settings) -> list[tuple[str, str]]:
    return [(line.level, line.text) for line in examine(found)]


@pytest.mark.parametrize(
    "accept",
    [["0.0.0.0/0"], ["::/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["192.0.2.0/24", "0.0.0.0/0"]],
)
def test_the_doctor_warns_of_a_trunk_that_keeps_nobody_out(tmp_path: Path, accept: list[str]) -> None:
    found = settings(tmp_path, trunk=TRUNK, sip={"accept": accept})
    assert told(found) == [("warn", "there is a trunk, and still anybody may call: [sip] accept is everything")]


def test_the_doctor_says_from_where_calls_are_taken(tmp_path: Path) -> None:
    ((level, text),) = told(settings(tmp_path, trunk=TRUNK, sip={"accept": ["192.0.2.0/24"]}))
    assert level == "ok" and "203.0.113.7), 203.0.113.8, 192.0.2.0/24, operators' phones and this machine" in text
    assert told(settings(tmp_path)) == [("ok", "only this machine")]


def test_the_doctor_warns_of_what_is_reachable_from_outside(tmp_path: Path) -> None:
    open_ = settings(tmp_path, sip={"listen": "0.0.0.0:5060"}, panel={"listen": "192.0.2.10:8080"})
    assert told(open_) == [
        ("warn", "without a [trunk] anybody who reaches 0.0.0.0:5060 may call"),
        ("warn", "SIP at 0.0.0.0:5060 is reachable from outside without TLS"),
        ("warn", "the panel at 192.0.2.10:8080 is reachable from outside without TLS"),
    ]
    closed = settings(tmp_path, trunk=TRUNK, sip={"listen": "127.0.0.5:5060"}, panel={"listen": "[::1]:8080"})
    assert [level for level, _ in told(closed)] == ["ok"]
    behind = settings(tmp_path, panel={"listen": "0.0.0.0:8080", "proxies": 1})
    assert [level for level, _ in told(behind)] == ["ok"]


def test_the_doctor_names_the_networks_whose_calls_were_dropped_most_first(tmp_path: Path) -> None:
    found = settings(tmp_path, trunk=TRUNK)
    migrated(found.database)
    now = time.time_ns() // 1_000_000
    refusals = [
        AccessDenied(now, "FailedACL", "SIP", "", "198.51.100.0/24", 3),
        AccessDenied(now, "FailedACL", "SIP", "", "203.0.113.0/24"),
        AccessDenied(now, "FailedACL", "SIP", "", "203.0.113.0/24", 8),
        AccessDenied(now, "InvalidPassword", "SIP", "101", "192.0.2.0/24", 50),  # a phone, no caller
        AccessDenied(now - 25 * 3600 * 1000, "FailedACL", "SIP", "", "10.0.0.0/24", 99),  # the day before
    ]
    with factories.changing(found) as session:
        append_facts(session.connection(), map(system_fact, refusals))
    assert told(found)[1:] == [
        ("warn", "calls were dropped in the last 24 hours from 203.0.113.0/24 (9 times), 198.51.100.0/24 (3 times)")
    ]


def test_a_rule_is_new_when_it_is_another_one_than_before(tmp_path: Path) -> None:
    found = settings(tmp_path, trunk=TRUNK, sip={"accept": ["192.0.2.0/24"]})
    migrated(found.database)
    with factories.changing(found) as session:
        assert line_quality.door_set(session) is None and differs(as_set(found, 1), None)
        append_facts(session.connection(), [system_fact(as_set(found, 1))])
    with factories.looking(found) as session:
        last = line_quality.door_set(session)
    assert not differs(as_set(found, 2), last)
    for changed in ({"trunk": TRUNK}, {"sip": {"accept": ["192.0.2.0/24"]}}):
        assert differs(as_set(settings(tmp_path, **changed), 2), last)


def test_who_has_no_trunk_is_told_nothing_since_everybody_may_call_as_ever(tmp_path: Path) -> None:
    assert notice(settings(tmp_path)) == ""
    assert "core reload" not in notice(settings(tmp_path, trunk=TRUNK))
    apart = settings(tmp_path, trunk=TRUNK, engine="asterisk", asterisk={"secret": "word"})
    assert "hotline asterisk init" in notice(apart)


@pytest.mark.network
def test_the_first_start_after_the_upgrade_says_who_may_call_and_the_next_does_not(tmp_path: Path) -> None:
    hotline = Hotline(tmp_path / "hotline", changes={"trunk": {**TRUNK, "host": "127.0.0.20"}})
    said = "calls are taken only from the trunk (127.0.0.20), 203.0.113.8, operators' phones and this machine"
    try:
        hotline.start()
        assert hotline.output().count(said) == 1
        hotline.stop()
        hotline.again()
        hotline.stop()
        assert hotline.output().count(said) == 1
    finally:
        hotline.close()
    with factories.looking(hotline.settings) as session:
        assert line_quality.door_set(session) == {"trunk": True, "accept": [], "per_number": 0}


def test_a_telephone_here_calls_from_this_machine_whatever_address_the_hotline_listens_at() -> None:
    assert is_ours("127.0.0.7") and not is_ours("203.0.113.1")
    assert phone_host(Address("0.0.0.0", 5060)) == "127.0.0.1"
    assert phone_host(Address("127.0.0.7", 5060)) == "127.0.0.1"
    assert phone_host(Address("localhost", 5060)) == "127.0.0.1"
    assert phone_host(Address("203.0.113.1", 5060)) == "0.0.0.0"
    assert phone_host(Address("2001:db8::1", 5060)) == "::"
