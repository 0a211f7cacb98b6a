"""Any line of any message of a call, spoiled: forty seconds later nothing is left, and the next call is answered."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from sip.core.events import Ended, Reached
from tests.sip.core.house import FAR, NOTHING, House
from tests.sip.core.script import Text, answer
from tests.sip.core.spoiling import (
    MESSAGES,
    Spoiling,
    Story,
    called,
    calling,
    every_number,
    honest,
    registering,
    spoilings,
    story_of,
)

EXAMPLES = 2000
AFTERWARDS_S = 40.0


def act(house: House, story: Story) -> None:
    """Let the far end do its part."""
    try:
        data = next(story)
        while True:
            if data is None:
                house.dial()
                data = story.send([sent for sent, _ in house.sent])
            else:
                data = story.send(house.receive(data))
    except StopIteration:
        return


def polite(house: House, seconds: float) -> None:
    """Time passes; the far end answers every BYE that reaches it."""
    end, done = house.now + seconds, 0
    while True:
        while done < len(house.sent):
            data, to = house.sent[done]
            done += 1
            if data.startswith(b"BYE ") and to == FAR:
                house.receive(answer(data, 200).data())
        if house.step(end) is None:
            return


def tell(spoiling: Spoiling) -> House:
    """The whole story of one spoiled message."""
    house = House()
    act(house, story_of(spoiling, "spoiled"))
    house.hang_up_all()
    polite(house, AFTERWARDS_S)
    assert house.left == NOTHING
    ours = [event for event in house.events if isinstance(event, Ended) and event.by == "failure" and not event.code]
    assert not [event.cause for event in ours if event.cause == "error"]  # nothing broke on our side
    answered, house.up = bool(house.up), []
    act(house, honest("the-next"))
    assert house.up
    polite(house, AFTERWARDS_S)
    assert not any(house.left.values())
    house.up = house.up if answered else []
    return house


def test_forty_seconds_after_any_spoiled_message_nothing_is_left_and_the_next_call_is_answered() -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(spoilings())
    def run(spoiling: Spoiling) -> None:
        house = tell(spoiling)
        seen["told"] += 1
        seen["answered"] += bool(house.up)
        seen[spoiling.message] += 1

    run()
    assert seen["told"] >= EXAMPLES and seen["answered"] >= 0.3 * seen["told"], seen
    assert all(seen[message] >= EXAMPLES / 50 for message in MESSAGES), seen


def texts() -> dict[str, Text]:
    """Every message of the stories as it is when nothing is spoiled."""
    seen: dict[str, Text] = {}

    def note(name: str, text: Text) -> bytes:
        seen[name] = text
        return text.data()

    for story in (called(note), calling(note), registering(note)):
        act(House(), story)
    return {name: text for name, text in seen.items() if name in MESSAGES}


def test_forty_seconds_after_any_number_that_cannot_be_nothing_is_left_and_the_next_call_is_answered() -> None:
    told = every_number(texts())
    assert {spoiling.message for spoiling in told} == set(MESSAGES) and len(told) >= EXAMPLES
    answered = sum(bool(tell(spoiling).up) for spoiling in told)
    assert answered >= 0.3 * len(told), (answered, len(told))


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_is_not_spoiled_does_what_it_should(message: str) -> None:
    house = tell(Spoiling("nothing" if message != "200" else message, "duplicated", 0, 0, ""))
    assert house.up


def test_a_seat_that_registers_and_leaves_is_told() -> None:
    house = House()
    act(house, registering(lambda _, text: text.data()))
    assert [event.reachable for event in house.events if isinstance(event, Reached)] == [True, False]
