"""Any line of any message of a call, spoiled: forty seconds later nothing is left, and the next call is answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sip.core.events import Ended, Reached
from tests.sip.core.house import FAR, House, codes
from tests.sip.core.script import SDP, Text, answer, proof, request, tag_in

EXAMPLES = 2000
AFTERWARDS_S = 40.0
NUMBERS = (
    *("-1", "0", "127", "128", "255", "256", "65535", "65536", "2147483647", "2147483648"),
    *("4294967295", "4294967296", "9" * 20),
)
MESSAGES = ("INVITE", "ACK", "re-INVITE", "BYE", "200", "REGISTER")


@dataclass(frozen=True)
class Spoiling:
    """What happens to one line of one message. ``line`` and ``field`` count around."""

    message: str
    how: str
    line: int
    field: int
    value: str

    def __call__(self, name: str, text: Text) -> bytes:
        """The message as it is sent."""
        if name != self.message:
            return text.data()
        lines = [*text.head, *text.body]
        at = self.line % len(lines)
        new = self._line(lines[at])
        lines[at : at + 1] = new
        head = len(text.head) + (len(new) - 1 if at < len(text.head) else 0)
        return replace(text, head=tuple(lines[:head]), body=tuple(lines[head:])).data()

    def _line(self, line: str) -> list[str]:
        if self.how == "dropped":
            return []
        if self.how == "duplicated":
            return [line, line]
        if self.how == "garbled":
            cut = self.field % (len(line) + 1)
            return [line[:cut] + self.value + line[cut + self.field % 3 :]]
        fields = list(re.finditer(r"\d+", line))
        if not fields:
            return [line + self.value]
        found = fields[self.field % len(fields)]
        return [line[: found.start()] + self.value + line[found.end() :]]


def spoilings() -> st.SearchStrategy[Spoiling]:
    numbers = st.builds(
        Spoiling,
        st.sampled_from(MESSAGES),
        st.just("numbered"),
        st.integers(0, 30),
        st.integers(0, 12),
        st.sampled_from(NUMBERS),
    )
    garbage = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12)
    others = st.builds(
        Spoiling,
        st.sampled_from(MESSAGES),
        st.sampled_from(("dropped", "duplicated", "garbled")),
        st.integers(0, 30),
        st.integers(0, 80),
        garbage,
    )
    return st.one_of(numbers, numbers, others)


def called(house: House, spoil: Callable[[str, Text], bytes]) -> None:
    """They call; the call is changed once, and ended by both."""
    sent = house.receive(spoil("INVITE", request("INVITE", 1, "spoiled", body=SDP)))
    tag = next((tag_in(data) for data in sent if data.startswith(b"SIP/2.0 200")), "none")
    house.receive(spoil("ACK", request("ACK", 1, "spoiled", tag)))
    house.wait(1.0)
    house.receive(spoil("re-INVITE", request("INVITE", 2, "spoiled", tag, (*SDP[:-1], "a=sendonly"))))
    house.receive(request("ACK", 2, "spoiled", tag).data())
    house.receive(spoil("BYE", request("BYE", 3, "spoiled", tag)))


def calling(house: House, spoil: Callable[[str, Text], bytes]) -> None:
    """We call, and the answer is spoiled."""
    house.dial()
    (invite,) = house.run()
    house.receive(spoil("200", answer(invite, 200, SDP)))


def registering(house: House, spoil: Callable[[str, Text], bytes]) -> None:
    """A seat registers, then calls, and leaves."""
    for n, (name, expires) in enumerate((("REGISTER", "3600"), ("leaving", "0"))):
        text = request("REGISTER", 2 * n + 1, f"seat{n}")
        lines = [line.replace("hotline@", "101@").replace("Expires: 3600", f"Expires: {expires}") for line in text.head]
        lines = ["Contact: *" if line.startswith("Contact") and name == "leaving" else line for line in lines]
        challenged = next(d for d in house.receive(Text(tuple(lines)).data()) if d.startswith(b"SIP/2.0 401"))
        again = {f"CSeq: {2 * n + 1} REGISTER": f"CSeq: {2 * n + 2} REGISTER"}
        signed = [again.get(line, line.replace(";rport", "s;rport")) for line in lines]
        house.receive(spoil(name, Text((*signed, proof(challenged, 1)))))
        if name == "REGISTER":
            honest(house, "of-the-seat")


def honest(house: House, call: str) -> None:
    """A call as it should be, answered and ended."""
    sent = house.receive(request("INVITE", 1, call, body=SDP).data())
    assert codes(sent, "INVITE") == [100, 200], sent
    tag = tag_in(sent[-1])
    house.receive(request("ACK", 1, call, tag).data())
    assert codes(house.receive(request("BYE", 2, call, tag).data()), "BYE") == [200]


def polite(house: House, seconds: float) -> None:
    """Time passes; the far end answers every BYE that reaches it."""
    end, done = house.now + seconds, 0
    while house.now < end:
        for data, to in house.sent[done:]:
            if data.startswith(b"BYE ") and to == FAR:
                house.receive(answer(data, 200).data())
        done = len(house.sent)
        house.wait(min(0.5, end - house.now))


def tell(spoiling: Spoiling) -> House:
    """The whole story of one spoiled message."""
    house = House()
    story = {"200": calling, "REGISTER": registering}.get(spoiling.message, called)
    story(house, spoiling)
    house.hang_up_all()
    polite(house, AFTERWARDS_S)
    assert house.left == {"lines": 0, "ports": 0, "transactions": 0, "dialogs": 0, "timers": 0}
    ours = [event for event in house.events if isinstance(event, Ended) and event.by == "failure" and not event.code]
    assert not [event.cause for event in ours if event.cause == "error"]  # nothing broke on our side
    answered, house.up = bool(house.up), []
    honest(house, "the-next")
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


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_is_not_spoiled_does_what_it_should(message: str) -> None:
    house = tell(Spoiling("nothing" if message != "200" else message, "duplicated", 0, 0, ""))
    assert house.up


def test_a_seat_that_registers_and_leaves_is_told() -> None:
    house = House()
    registering(house, lambda _, text: text.data())
    assert [event.reachable for event in house.events if isinstance(event, Reached)] == [True, False]
