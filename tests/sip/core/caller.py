"""A far end of a house: what it writes arrives at once, and to wait is to let the house's time pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sip.core.sip_messages import Addr
from tests.sip.core.house import FAR, HERE, House
from tests.sip.written import Headers, Message, Writer

PATIENCE_S = 40.0  # of the house's time: longer than anything is repeated


class Caller(Writer):
    """A citizen's telephone, or an operator's, or a provider: with an address of its own."""

    def __init__(self, house: House, user: str = "13812345678", host: str = FAR.host) -> None:
        port = FAR.port + 2 * len(house.far)
        super().__init__(host, port, HERE[:2], user, 40_000)
        self.house, self.address = house, Addr(host, port)
        self.inbox: deque[bytes] = deque()
        self.seen: list[Message] = []
        self.here = 0  # the code a question whether we are there (OPTIONS) is answered with; 0: not at all
        house.far[host, port] = self

    def send(self, data: bytes) -> bytes:
        self.house.receive(data, self.address)
        return data

    def come(self, wanted: Callable[[Message], bool] = lambda _: True, wait_s: float = PATIENCE_S) -> Message | None:
        """The next message that is wanted, None when none comes; others are kept in ``seen``."""
        end = self.house.now + wait_s
        while True:
            while self.inbox:
                got = Message.read(self.inbox.popleft())
                self.seen.append(got)
                if got.method == "OPTIONS" and self.here:
                    self.reply(got, self.here)
                if wanted(got):
                    return got
            if self.house.step(end) is None:
                return None

    def receive(self, wanted: Callable[[Message], bool] = lambda _: True, wait_s: float = PATIENCE_S) -> Message:
        """The next message that is wanted; it must come."""
        got = self.come(wanted, wait_s)
        assert got is not None, [seen.start for seen in self.seen]
        return got

    def asked(self, method: str) -> Message:
        """The next request of this method; it must come."""
        return self.receive(lambda m: m.method == method)

    def final(self, method: str = "INVITE") -> Message:
        return self.receive(lambda m: m.code >= 200 and m.cseq == method)

    def expect(self, code: int) -> Message:
        """The next final response; it must have this code."""
        got = self.receive(lambda m: m.code >= 200)
        assert got.code == code, got.text
        return got

    def quiet(self, wait_s: float = PATIENCE_S) -> list[Message]:
        """Everything that still comes within ``wait_s``."""
        before = len(self.seen)
        self.come(lambda _: False, wait_s)
        return self.seen[before:]

    def ack(self, response: Message, body: str = "") -> None:
        """ACK to a 2xx."""
        self.send(self.acknowledgement(response, body))

    def call(self, extra: Headers | None = None) -> Message:
        """INVITE, 200, ACK."""
        self.send(self.request("INVITE", self.sdp(), extra=extra))
        answer = self.final()
        assert answer.code == 200, answer.text
        self.ack(answer)
        return answer

    def hang_up(self) -> None:
        self.send(self.request("BYE"))
        assert self.final("BYE").code == 200

    def reply(
        self, request: Message, code: int, body: str = "", tag: str = "phone", extra: Headers | None = None
    ) -> None:
        """Answer a request that came here."""
        self.send(self.answer(request, code, body, tag, extra))
