"""Two cores and a network that loses, repeats and overtakes: whatever is said comes to its end (RFC 3261 §17)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core.asking import ask
from sip.core.events import Ended, Up
from tests.sip.core.house import Leg
from tests.sip.core.network import FATES, A, B, Network

GIVEN_UP_S, AFTERWARDS_S = 33.0, 40.0  # 64 x T1 and a second; what an answered request may linger
SIDES = st.sampled_from(("caller", "called", "both"))
PAUSES = st.sampled_from((0.0, 0.02, 0.6, 5.0))  # seconds until the next
EXAMPLES = settings(max_examples=120, deadline=None, derandomize=True)


def is_over(network: Network) -> None:
    """Once nothing of the weather is under way both hang up; forty seconds later nothing is left of anything."""
    network.wait(GIVEN_UP_S)
    network.fates = []
    network.hang_up(network.calling)
    network.hang_up(network.called)
    network.wait(AFTERWARDS_S)
    assert network.left == 0
    assert network.ends == [int(network.calling is not None), int(network.called is not None)]


@settings(EXAMPLES, max_examples=240)
@given(FATES, FATES, SIDES)
def test_a_call_comes_up_and_ends_however_its_datagrams_are_lost_repeated_and_overtaken(
    before: list[str], after: list[str], who_ends: str
) -> None:
    network = Network(before)
    network.call()
    network.wait(31.0)
    if before[:6] != ["lost"] * 6:  # else nothing is left of 32 s of trying
        for here in (A, B):
            assert [type(event) for event in network.of(here, Up)] == [Up]
    network.fates = list(after)
    if who_ends != "called":
        network.hang_up(network.calling)
    if who_ends != "caller":
        network.hang_up(network.called)
    is_over(network)


def in_a_call(fates: list[str]) -> tuple[Network, dict[str, list[Leg]]]:
    """A call that is up, the weather it has now, and its legs by side."""
    network = Network()
    a = network.call()
    network.wait(1.0)
    b = network.called
    assert b is not None and a.state == b.state == "up"
    network.fates = list(fates)
    return network, {"caller": [a], "called": [b], "both": [a, b]}


@EXAMPLES
@given(
    st.lists(
        st.tuples(st.sampled_from(("sendonly", "sendrecv", None)), SIDES, PAUSES),
        min_size=1,
        max_size=4,
    ),
    FATES,
)
def test_however_a_call_is_held_resumed_and_refreshed_both_are_of_one_mind(
    acts: list[tuple[str | None, str, float]], fates: list[str]
) -> None:
    """Re-INVITEs, crossing ones, too: no side holds without the other knowing."""
    network, sides = in_a_call(fates)
    for direction, who, pause_s in acts:
        network.do(lambda who=who, direction=direction: [leg.reinvite(direction) for leg in sides[who]])  # type: ignore[misc]
        network.wait(pause_s)
    network.wait(GIVEN_UP_S)
    a, b = sides["both"]
    if fates.count("lost") < 6:  # of one request at most seven go out
        assert a.state == b.state == "up"
    if a.state == b.state == "up":
        assert (a.held, b.held) == (b.description.direction == "sendonly", a.description.direction == "sendonly")
    is_over(network)


@EXAMPLES
@given(st.lists(st.tuples(SIDES, PAUSES), min_size=1, max_size=4), FATES)
def test_who_asks_whether_the_other_is_there_has_an_answer(acts: list[tuple[str, float]], fates: list[str]) -> None:
    """OPTIONS in the dialog, from both sides."""
    network, sides = in_a_call(fates)
    nobody: list[str] = []
    for who, pause_s in acts:
        network.do(lambda who=who: [ask(leg, lambda: nobody.append(who)) for leg in sides[who]])  # type: ignore[misc]
        network.wait(pause_s)
    network.wait(GIVEN_UP_S)
    assert not nobody or fates.count("lost") > 6  # of one request eleven go out, its answer may be lost as well
    assert all(leg.state == "up" and not leg.asking for leg in sides["both"])
    is_over(network)


@EXAMPLES
@given(FATES, st.sampled_from((0.0, 0.005, 0.015, 0.3, 2.0)), st.sampled_from((0.0, 0.005, 0.015, 0.3, 2.0, 99.0)))
def test_a_caller_who_gives_up_leaves_nothing_whenever_the_phone_is_lifted(
    fates: list[str], gives_up_s: float, lifted_s: float
) -> None:
    network = Network(fates, answers=False)
    leg = network.call()
    for moment, act in sorted([(gives_up_s, "up"), (lifted_s, "lifted")]):
        network.wait(min(moment, GIVEN_UP_S) - network.now)
        if act == "up":
            network.hang_up(leg)
        elif network.called is not None:
            network.do(network.called.answer)
    network.wait(GIVEN_UP_S)
    if network.called is not None:  # who was rung knows that it is over
        assert network.called.state == "gone"
    is_over(network)


@EXAMPLES
@given(FATES, FATES)
def test_a_registration_comes_up_and_is_taken_back(coming: list[str], leaving: list[str]) -> None:
    network = Network(coming)
    registration = network.registers()
    network.wait(2 * GIVEN_UP_S + 10)  # one try may fail altogether
    assert registration.state == "registered" and network.registrar.phones.reachable() == {"101": True}
    network.fates = list(leaving)
    network.do(registration.leave)
    network.wait(GIVEN_UP_S)
    assert registration.state == "off" and network.registrar.phones.reachable() == {
        "101": leaving[:11] == ["lost"] * 11
    }
    if leaving[:11] != ["lost"] * 11:
        is_over(network)


def test_over_a_reliable_transport_nothing_is_repeated_and_nothing_lingers() -> None:
    network = Network(transport="TCP")
    calling = network.call()
    network.wait(1.0)
    assert calling.state == "up" and network.sent == 5  # INVITE, 100, 180, 200, ACK
    network.hang_up(calling)
    network.wait(1.0)
    assert network.sent == 7 and calling.state == "gone"
    network.wait(64.0)
    assert network.sent == 7 and network.left == 0


def test_an_invite_nobody_hears_is_repeated_seven_times_in_32_seconds_and_given_up() -> None:
    network = Network(["lost"] * 20)
    calling = network.call()
    network.wait(31.9)
    assert network.sent == 7 and calling.state == "early"  # 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s
    network.wait(0.2)
    (ended,) = network.told[A]
    assert isinstance(ended, Ended) and ended.cause == "unreachable" and network.left == 0
