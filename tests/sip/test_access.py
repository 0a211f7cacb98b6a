"""Who may call and how much: the whole table, and what holds whatever callers do (pure)."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.access import (
    NUMBER_FULL,
    OVERDUE_S,
    REMEMBERED_S,
    SOURCE_FULL,
    UNANSWERED_FULL,
    AccessRules,
    CallOrigins,
    PresentCall,
    Room,
    plain,
    room,
)

LINE = "5f0c1a77b2e94d06"
OFFICE = ipaddress.ip_network("198.51.100.0/25")
SITE = ipaddress.ip_network("2001:db8:7::/48")
RULES = AccessRules(trunk=True, peers=("203.0.113.9",), accept=(OFFICE, SITE))
SEATS = ("192.0.2.31", "2001:db8:9::31")


def door(rules: AccessRules = RULES) -> CallOrigins:
    found = CallOrigins(rules, LINE)
    found.found(["203.0.113.7", "203.0.113.8", "2001:db8:3::7"], now=0.0)
    return found


@pytest.mark.parametrize(
    ("source", "line", "whose"),
    [
        ("203.0.113.7", "", "trunk"),  # an address of the provider's name
        ("203.0.113.8", "", "trunk"),  # each of them, not only the one we registered at
        ("2001:db8:3::7", "", "trunk"),
        ("2001:DB8:3:0::7", "", "trunk"),  # another spelling
        ("::ffff:203.0.113.7", "", "trunk"),  # on a socket for both families
        ("203.0.113.9", "", "trunk"),  # `peers`
        ("198.18.0.1", LINE, "trunk"),  # from wherever: only the provider knows our Contact
        ("198.18.0.1", LINE[:-1], "stranger"),
        ("198.18.0.1", LINE.upper(), "trunk"),  # parameters of an address have no case (RFC 3261 §19.1.4)
        ("127.0.0.1", "", "here"),
        ("::1", "", "here"),
        ("127.0.0.2", "", "stranger"),
        ("192.0.2.31", "", "seat"),
        ("2001:db8:9::31", "", "seat"),
        ("192.0.2.32", "", "stranger"),
        ("198.51.100.1", "", "accepted"),
        ("198.51.100.127", "", "accepted"),
        ("198.51.100.128", "", "stranger"),
        ("2001:db8:7:ffff::1", "", "accepted"),
        ("2001:db8:8::1", "", "stranger"),
        ("fe80::1%eth0", "", "stranger"),
        ("pbx.example", "", "stranger"),
        ("", "", "stranger"),
    ],
)
def test_with_a_trunk_only_its_hosts_seats_accepted_networks_and_this_machine_are_let_in(
    source: str, line: str, whose: str
) -> None:
    assert door().whose(source, SEATS, line) == whose


@pytest.mark.parametrize(
    ("source", "line", "whose"),
    [("198.18.0.1", "", "anyone"), ("198.18.0.1", LINE, "anyone"), ("198.51.100.1", "", "accepted"),
     ("192.0.2.31", "", "seat"), ("127.0.0.1", "", "here"), ("203.0.113.9", "", "anyone")],
)  # fmt: skip
def test_without_a_trunk_everybody_may_call(source: str, line: str, whose: str) -> None:
    assert door(replace(RULES, trunk=False)).whose(source, SEATS, line) == whose


def test_without_a_registration_no_line_is_known() -> None:
    assert CallOrigins(RULES).whose("198.18.0.1", (), "") == "stranger"


def test_the_provider_is_known_as_the_trunk_also_on_this_machine_or_in_an_accepted_network() -> None:
    found = CallOrigins(RULES)
    found.found(["127.0.0.1", "198.51.100.3"], now=0.0)
    assert [found.whose(host) for host in ("127.0.0.1", "198.51.100.3")] == ["trunk", "trunk"]


def test_addresses_of_a_name_that_rotates_count_for_an_hour() -> None:
    found = CallOrigins(RULES)
    found.found(["203.0.113.1"], now=0.0)
    found.found(["203.0.113.2"], now=REMEMBERED_S)
    assert found.hosts == {"203.0.113.1", "203.0.113.2", "203.0.113.9"}
    found.found([], now=REMEMBERED_S + 1)
    assert found.whose("203.0.113.1") == "stranger" and found.whose("203.0.113.2") == "trunk"


@given(st.ip_addresses(), st.text(max_size=20), st.lists(st.ip_addresses().map(str), max_size=3))
def test_a_stranger_is_never_let_in_and_nobody_is_a_stranger_without_a_trunk(
    source: ipaddress.IPv4Address | ipaddress.IPv6Address, line: str, seats: list[str]
) -> None:
    address = ipaddress.ip_address(plain(str(source)))
    known = {"203.0.113.7", "203.0.113.8", "203.0.113.9", "2001:db8:3::7", "127.0.0.1", "::1", *map(plain, seats)}
    networked = any(address.version == net.version and address in net for net in RULES.accept)
    expected = line == LINE or str(address) in known or networked
    assert (door().whose(str(source), seats, line) != "stranger") == expected
    assert door(replace(RULES, trunk=False)).whose(str(source), seats, line) != "stranger"


# --- how much ------------------------------------------------------------------------------

BOUNDS = AccessRules(max_calls=40, per_number=3, shared_numbers=frozenset({"02155550000"}))  # 5 per source, 20 in all


def unacknowledged(source: str, count: int, answered_at: float | None = 9.9, trunk: bool = False) -> list[PresentCall]:
    return [PresentCall(f"{source}/{n}", source, trunk, None, False, answered_at) for n in range(count)]


def talking(number: str | None, count: int, source: str = "203.0.113.7") -> list[PresentCall]:
    return [PresentCall(f"{number}/{n}", source, True, number, True, 0.0) for n in range(count)]


def asked(
    there: list[PresentCall], source: str = "192.0.2.1", trunk: bool = False, number: str | None = "13800001111"
) -> Room:
    return room(BOUNDS, there, source, trunk, number)


def test_the_first_call_finds_room() -> None:
    assert asked([]) == Room()


def test_one_source_has_a_bounded_number_of_calls_it_never_acknowledged() -> None:
    assert asked(unacknowledged("192.0.2.1", 4)) == Room()
    assert asked(unacknowledged("192.0.2.1", 5)) == Room(refusal=SOURCE_FULL)
    assert asked(unacknowledged("192.0.2.1", 5, answered_at=None)) == Room(refusal=SOURCE_FULL)
    assert asked(unacknowledged("192.0.2.2", 5)) == Room()


def test_calls_that_are_acknowledged_are_not_counted_with_them() -> None:
    assert asked([replace(call, acknowledged=True) for call in unacknowledged("192.0.2.1", 30)]) == Room()


def test_the_trunk_may_have_many_calls_under_way_from_one_address() -> None:
    assert asked(unacknowledged("203.0.113.7", 30, trunk=True), "203.0.113.7", trunk=True) == Room()


def test_a_call_whose_ack_is_overdue_makes_room_for_the_next_of_its_source() -> None:
    there = unacknowledged("192.0.2.1", 5)
    there[3] = replace(there[3], answered_at=7.0, overdue=True)
    assert asked(there) == Room(overdue=there[3].line)


def test_many_sources_together_leave_half_of_the_lines_free_and_share_the_rest() -> None:
    crowd = [call for n in range(10) for call in unacknowledged(f"192.0.2.{n + 10}", 2)]
    assert asked(crowd, "192.0.2.99") == Room(overdue="192.0.2.10/0")  # somebody who has none yet
    assert asked([*crowd[1:], *unacknowledged("192.0.2.99", 1)], "192.0.2.99").refusal == UNANSWERED_FULL
    assert asked(crowd, "203.0.113.7", trunk=True) == Room()


def test_a_crowd_of_single_calls_is_not_broken_off_before_its_acks_are_overdue() -> None:
    crowd = [call for n in range(20) for call in unacknowledged(f"192.0.2.{n + 10}", 1)]
    assert asked(crowd, "192.0.2.99") == Room(refusal=UNANSWERED_FULL)
    late = [replace(call, answered_at=7.0, overdue=True) for call in crowd]
    assert asked(late, "192.0.2.99") == Room(overdue="192.0.2.10/0")


def test_with_all_lines_taken_an_overdue_call_leaves_and_an_honest_one_never_does() -> None:
    full = talking(None, 38) + unacknowledged("192.0.2.5", 2)
    assert asked(full, "203.0.113.7", trunk=True) == Room()  # the engine says 503
    full[-1] = replace(full[-1], answered_at=1.0, overdue=True)
    assert asked(full, "203.0.113.7", trunk=True) == Room(overdue="192.0.2.5/1")


def test_a_small_hotline_full_of_calls_nobody_acknowledged_takes_the_sixth_caller() -> None:
    small = replace(BOUNDS, max_calls=5)
    there = unacknowledged("192.0.2.5", 4) + unacknowledged("192.0.2.6", 1)
    assert room(small, there, "192.0.2.9", False, None) == Room(overdue="192.0.2.5/0")


@pytest.mark.parametrize(
    ("number", "refusal"),
    [("13800001111", NUMBER_FULL), (None, ""), ("02155550000", "")],
    ids=["a citizen's", "withheld", "a hospital's"],
)
def test_calls_at_once_of_one_number_are_bounded_unless_it_is_withheld_or_shared(
    number: str | None, refusal: str
) -> None:
    assert asked(talking(number, 2), "203.0.113.7", True, number).refusal == ""
    assert asked(talking(number, 3), "203.0.113.7", True, number).refusal == refusal
    assert asked(talking(number, 3), "192.0.2.1", False, number).refusal == refusal
    unbounded = replace(BOUNDS, per_number=0)
    assert room(unbounded, talking(number, 30), "203.0.113.7", True, number) == Room()


SOURCES = [f"192.0.2.{n}" for n in range(1, 8)]  # fewer than the calls without an ACK that any hotline takes in all


@given(
    st.lists(st.tuples(st.sampled_from(SOURCES), st.floats(0, 0.5)), max_size=200),
    st.sampled_from([5, 16, 40, 200]),
)
def test_whatever_a_few_sources_send_without_an_ack_somebody_else_is_always_taken(
    attack: list[tuple[str, float]], lines: int
) -> None:
    rules, now, there = AccessRules(max_calls=lines), 0.0, list[PresentCall]()
    for n, (source, pause) in enumerate(attack):
        now += pause
        there = [replace(call, overdue=now - (call.answered_at or 0) >= OVERDUE_S) for call in there]
        found = room(rules, there, source, False, None)
        there = [call for call in there if call.line != found.overdue]
        if not found.refusal and len(there) < lines:
            there.append(PresentCall(str(n), source, False, None, False, now))
        for of in SOURCES:
            assert sum(call.source == of for call in there) <= rules.per_source
        assert len(there) <= rules.in_all
        honest = room(rules, there, "198.51.100.1", False, None)
        left = [call for call in there if call.line != honest.overdue]
        assert honest.refusal == "" and (len(left) < lines or len({call.source for call in there}) >= lines)
        trunk = room(rules, there, "203.0.113.7", True, None)
        assert trunk.refusal == ""
