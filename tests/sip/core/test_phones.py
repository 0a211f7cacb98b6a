"""Several phones of a seat, and those that do not answer, in virtual time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core.config import SeatConfig
from sip.core.events import Reached
from sip.core.sip_messages import Addr
from tests.sip.core.desk import Desk, pass_time, serve
from tests.sip.core.house import House
from tests.sip.core.script import answer

SEATS = {"101": SeatConfig("101", "s3cret"), "102": SeatConfig("102", "s3cret")}
NAT = "198.51.100.7"
INSTANCE = ';+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"'


def reached(house: House) -> list[tuple[str, bool]]:
    return [(event.seat, event.reachable) for event in house.events if isinstance(event, Reached)]


def rung(house: House, seat: str = "101") -> list[str]:
    return [phone.uri for phone in house.registrar.phones.to_ring(seat)]


def test_phones_behind_one_address_with_one_contact_are_several_and_each_is_kept() -> None:
    house = House(seats=SEATS, qualify_s=15)
    desks = [Desk(house, Addr(NAT, port), contact="sip:101@192.168.1.10:5060") for port in (40_001, 40_002, 40_003)]
    for desk in desks:
        assert desk.register() == 200
    pass_time(house, desks, 60)
    assert [phone.to.port for phone in house.registrar.phones.to_ring("101")] == [40_001, 40_002, 40_003]


def test_a_phone_whose_address_is_translated_anew_is_still_one_phone() -> None:
    house = House(seats=SEATS, qualify_s=15)
    desk = Desk(house, Addr(NAT, 40_001), contact="sip:101@192.168.1.10:5060")
    assert desk.register() == 200
    desk.source = Addr(NAT, 50_000)
    assert desk.register() == 200
    assert [phone.to.port for phone in house.registrar.phones.to_ring("101")] == [50_000]


def test_a_phone_that_says_which_it_is_replaces_itself_after_a_restart() -> None:
    house = House(seats=SEATS, qualify_s=15)
    for port in (40_001, 40_002):
        desk = Desk(house, Addr(NAT, port), params=INSTANCE)
        assert desk.register() == 200
    assert len(rung(house)) == 1


def test_a_phone_that_dies_is_found_dead_within_a_quarter_minute_and_alive_as_soon_as_it_answers() -> None:
    house = House(seats=SEATS, qualify_s=15)
    desk = Desk(house, Addr(NAT, 40_001))
    assert desk.register() == 200
    pass_time(house, [desk], 100)
    assert reached(house) == [("101", True)]
    desk.alive, died = False, house.now
    while house.registrar.phones.reachable()["101"]:
        pass_time(house, [desk], 0.5)
    assert house.now - died <= 15 * 1.1 + 4 + 0.5
    pass_time(house, [desk], 200)
    assert reached(house) == [("101", True), ("101", False)] and rung(house) == []
    desk.alive, back = True, house.now
    while not house.registrar.phones.reachable()["101"]:
        pass_time(house, [desk], 0.5)
    assert house.now - back <= 15 * 1.1 + 0.5
    pass_time(house, [desk], 100)  # the questions it never answered are given up meanwhile: that says nothing new
    assert reached(house) == [("101", True), ("101", False), ("101", True)]


def test_a_dead_phone_beside_a_living_one_leaves_the_seat_reachable_and_is_not_rung() -> None:
    house = House(seats=SEATS, qualify_s=15)
    dead, alive = Desk(house, Addr(NAT, 40_001), alive=False), Desk(house, Addr(NAT, 40_002))
    assert dead.register() == alive.register() == 200
    pass_time(house, [dead, alive], 6)
    assert rung(house) == [alive.contact] and reached(house) == [("101", True)]


def test_any_answer_is_one_but_that_of_a_proxy_which_cannot_find_it() -> None:
    for code, here in ((404, True), (486, True), (501, True), (408, False)):
        house = House(seats=SEATS, qualify_s=15)
        desk = Desk(house, Addr(NAT, 40_001), alive=False)
        assert desk.register() == 200
        serve(house, [desk])
        asked = next(data for data in desk.heard if data.startswith(b"OPTIONS "))
        house.receive(answer(asked, code).data(), desk.source)
        assert bool(rung(house)) is here, code


def test_a_phone_at_a_fixed_address_is_asked_from_the_start() -> None:
    house = House(seats={"103": SeatConfig("103", uri="sip:103@192.0.2.9")}, qualify_s=15)
    desk = Desk(house, Addr("192.0.2.9", 5060), seat="103", alive=False)
    house.registrar.phones.start()
    house.run()
    assert house.registrar.phones.reachable() == {"103": True}
    pass_time(house, [desk], 5)
    assert house.registrar.phones.reachable() == {"103": False}
    desk.alive = True
    pass_time(house, [desk], 20)
    assert reached(house) == [("103", False), ("103", True)]


def test_without_questions_a_phone_that_registered_is_taken_to_be_there() -> None:
    house = House(seats=SEATS)
    desk = Desk(house, Addr(NAT, 40_001), alive=False)
    assert desk.register() == 200
    house.registrar.phones.silent(house.registrar.phones.to_ring("101")[0])
    pass_time(house, [desk], 60)
    assert rung(house) == [desk.contact] and not any(data.startswith(b"OPTIONS") for data in desk.heard)


def test_of_more_than_ten_those_that_do_not_answer_are_forgotten_first() -> None:
    house = House(seats=SEATS, qualify_s=15)
    dead = [Desk(house, Addr(NAT, 40_000 + n), alive=False) for n in range(4)]
    alive = [Desk(house, Addr(NAT, 41_000 + n)) for n in range(8)]
    for desk in (*alive[:4], *dead):
        assert desk.register() == 200
    pass_time(house, [*alive, *dead], 6)
    for desk in alive[4:]:
        assert desk.register() == 200
    assert rung(house) == [desk.contact for desk in alive]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["register", "leave", "die", "live", "wait"]), st.integers(0, 3), st.integers(1, 40)),
        max_size=30,
    ),
    st.integers(0, 99),
)
def test_a_seat_can_be_rung_at_those_that_registered_and_answer(acts: list[tuple[str, int, int]], seed: int) -> None:
    house = House(seed, seats=SEATS, qualify_s=15)
    desks = [Desk(house, Addr(NAT, 40_000 + n), contact=f"sip:101@10.0.0.{n % 2}:5060") for n in range(4)]
    here: dict[int, float] = {}
    for act, n, amount in acts:
        if act == "register":
            assert desks[n].register(expires=600) == 200
            here[n] = house.now + 600
        elif act == "leave":
            assert desks[n].register(expires=0) == 200
            here.pop(n, None)
        elif act in ("die", "live"):
            desks[n].alive = act == "live"
        else:
            pass_time(house, desks, amount, step=2)
    pass_time(house, desks, 32, step=2)  # two rounds of questions
    expected = {40_000 + n for n, end in here.items() if end > house.now and desks[n].alive}
    assert {phone.to.port for phone in house.registrar.phones.to_ring("101")} == expected
    assert house.registrar.phones.reachable()["101"] is bool(expected)
    told = [here for seat, here in reached(house) if seat == "101"]
    assert all(one is not other for one, other in zip([False, *told], told, strict=False))  # each change once
    house.registrar.close()
    house.wait(40)
    assert house.left["timers"] == house.left["transactions"] == 0
