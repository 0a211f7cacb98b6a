"""How many connections there may be and how long, in a time of the test's own."""

from __future__ import annotations

from sip.core.connections import Book, Bounds
from sip.core.sip_messages import Addr

BOUNDS = Bounds(new=6, new_per_host=3, all=8, per_host=4, first_s=10, message_s=10, idle_s=180)


def addr(port: int, host: str = "192.0.2.7") -> Addr:
    return Addr(host, port, "TLS")


def book(*needed: Addr) -> Book[int]:
    return Book(BOUNDS, lambda: set(needed))


def spoken(connections: Book[int], port: int, host: str = "192.0.2.7", now: float = 0.0) -> bool:
    taken, _ = connections.admit(port, addr(port, host), now)
    connections.heard(port, now, True, False)
    return taken


def test_silent_sockets_of_one_address_are_few_and_leave_room_for_others() -> None:
    connections = book()
    assert [connections.admit(port, addr(port), 0.0)[0] for port in range(1, 6)] == [True, True, True, False, False]
    assert connections.admit(9, addr(9, "192.0.2.8"), 0.0)[0]


def test_silent_sockets_of_many_addresses_are_bounded_too() -> None:
    connections = book()
    taken = [connections.admit(port, addr(port, f"192.0.2.{port}"), 0.0)[0] for port in range(1, 10)]
    assert sum(taken) == BOUNDS.new


def test_who_says_nothing_whole_for_ten_seconds_has_to_go_however_busily_it_sends() -> None:
    connections = book()
    connections.admit(1, addr(1), 0.0)
    for second in range(10):
        connections.heard(1, float(second), whole=False, begun=True)
        assert connections.overdue(float(second)) == []
    assert connections.overdue(10.0) == [1]


def test_a_message_that_never_ends_ends_its_connection() -> None:
    connections = book(addr(1))
    spoken(connections, 1)
    for second in range(100, 110):
        connections.heard(1, float(second), whole=False, begun=True)
        assert connections.overdue(float(second)) == []
    assert connections.overdue(110.0) == [1]


def test_one_message_after_the_other_is_no_message_that_never_ends() -> None:
    connections = book()
    spoken(connections, 1)
    for second in range(100):
        connections.heard(1, float(second), whole=True, begun=True)
        assert connections.overdue(float(second)) == []


def test_a_registered_phone_keeps_its_connection_through_an_hour_of_silence_and_a_stranger_does_not() -> None:
    connections = book(addr(1))
    spoken(connections, 1)
    spoken(connections, 2)
    assert connections.overdue(179.0) == []
    assert connections.overdue(3600.0) == [2]


def test_pings_alone_keep_no_connection_nobody_needs() -> None:
    connections = book()
    spoken(connections, 1)
    for second in range(0, 180, 20):
        connections.heard(1, float(second), whole=False, begun=False)
    assert connections.overdue(180.0) == [1]


def test_an_address_with_all_its_connections_loses_the_one_idle_longest_that_nobody_needs() -> None:
    connections = book(addr(1))
    for port in range(1, 5):
        assert spoken(connections, port, now=float(port))
    assert connections.admit(5, addr(5), 9.0) == (True, 2)


def test_nobody_is_thrown_out_for_a_newcomer_when_all_are_needed() -> None:
    connections = book(*map(addr, range(1, 5)))
    for port in range(1, 5):
        spoken(connections, port)
    assert connections.admit(5, addr(5), 9.0) == (False, None)
    assert connections.admit(6, addr(6, "192.0.2.8"), 9.0) == (True, None)


def test_when_all_places_are_taken_an_idle_one_makes_room_for_an_honest_phone() -> None:
    connections = book()
    for port in range(1, 9):
        spoken(connections, port, f"192.0.2.{port // 4}", now=float(port))
    assert connections.admit(99, addr(99, "192.0.2.99"), 20.0) == (True, 1)


def test_whoever_has_left_takes_no_place() -> None:
    connections = book()
    for turn in range(50):
        connections.admit(turn, addr(turn), 0.0)
        connections.left(turn)
    assert (len(connections), connections.admit(1, addr(1), 0.0)) == (0, (True, None))


def test_where_descriptors_are_few_connections_leave_three_quarters_of_them_to_sound() -> None:
    assert Bounds.within(1024) == Bounds(new=64, new_per_host=32, all=256, per_host=128)
    assert Bounds.within(20_000) == Bounds()
