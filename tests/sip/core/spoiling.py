"""One line of one message of a call, spoiled: the ways, and the stories the messages belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.sip.core.house import HERE, codes
from tests.sip.core.script import SDP, Text, answer, request, tag_in
from tests.sip.written import Message, proof

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


Story = Generator[
    bytes | None, list[bytes], None
]  # what the far end sends (None: the hotline dials) -> what comes back
Spoil = Callable[[str, Text], bytes]


def called(spoil: Spoil, call: str = "spoiled") -> Story:
    """They call; the call is changed once, and ended by both."""
    sent = yield spoil("INVITE", request("INVITE", 1, call, body=SDP))
    tag = next((tag_in(data) for data in sent if data.startswith(b"SIP/2.0 200")), "none")
    yield spoil("ACK", request("ACK", 1, call, tag))
    yield spoil("re-INVITE", request("INVITE", 2, call, tag, (*SDP[:-1], "a=sendonly")))
    yield request("ACK", 2, call, tag).data()
    yield spoil("BYE", request("BYE", 3, call, tag))


def calling(spoil: Spoil, call: str = "") -> Story:
    """We call, and the answer is spoiled."""
    invite = next(data for data in (yield None) if data.startswith(b"INVITE "))
    yield spoil("200", answer(invite, 200, SDP))


def registering(spoil: Spoil, call: str = "seat") -> Story:
    """A seat registers, then calls, and leaves."""
    for n, (name, expires) in enumerate((("REGISTER", "3600"), ("leaving", "0"))):
        text = request("REGISTER", 2 * n + 1, f"{call}{n}")
        lines = [line.replace("hotline@", "101@").replace("Expires: 3600", f"Expires: {expires}") for line in text.head]
        lines = ["Contact: *" if line.startswith("Contact") and name == "leaving" else line for line in lines]
        sent = yield Text(tuple(lines)).data()
        challenged = next(data for data in sent if data.startswith(b"SIP/2.0 401"))
        again = {f"CSeq: {2 * n + 1} REGISTER": f"CSeq: {2 * n + 2} REGISTER"}
        signed = [again.get(line, line.replace(";rport", "s;rport")) for line in lines]
        yield spoil(name, Text((*signed, ": ".join(proof(Message.read(challenged), f"sip:{HERE.host}")))))
        if name == "REGISTER":
            yield from honest(f"of-the-{call}")


def honest(call: str) -> Story:
    """A call as it should be, answered and ended."""
    sent = yield request("INVITE", 1, call, body=SDP).data()
    assert codes(sent, "INVITE")[:2] == [100, 200], sent
    tag = next(tag_in(data) for data in sent if data.startswith(b"SIP/2.0 200"))
    yield request("ACK", 1, call, tag).data()
    assert 200 in codes((yield request("BYE", 2, call, tag).data()), "BYE")


def story_of(spoiling: Spoiling, call: str) -> Story:
    """The story the spoiled message belongs to."""
    return {"200": calling, "REGISTER": registering}.get(spoiling.message, called)(spoiling, call)


def every_number(texts: dict[str, Text]) -> list[Spoiling]:
    """Each number of each line of these messages, with each value of ``NUMBERS`` in its place."""
    return [
        Spoiling(name, "numbered", at, field, value)
        for name, text in texts.items()
        for at, line in enumerate((*text.head, *text.body))
        for field, _ in enumerate(re.finditer(r"\d+", line))
        for value in NUMBERS
    ]
