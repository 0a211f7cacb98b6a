"""The calls process's side of codes dialled at seats: done on a thread of its own, told back on the media loop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from ivr.desk.codes import Answer, SeatCode
from ivr.desk.states import ActNotAllowed, OperatorRules, StateAct
from services import pins
from services.operators import Doer, do
from store import operators
from store.engine import Engine, Session, reading

log = logging.getLogger(__name__)

WRONG_MAX, WITHIN_MS = 5, 15 * 60_000  # PINs, at one seat and of one account's number
SAID = {
    "sign_in": "desk.signed_in", "ready": "desk.ready", "pause": "desk.paused", "sign_out": "desk.signed_out",
    "wrap_up": "desk.wrap_up",
}  # fmt: skip


class CodesAtSeats:
    """Does what was dialled, by the rules of panel and commands. ``call_soon``: how answers reach the loop."""

    def __init__(
        self, database: Engine, rules: OperatorRules, seats: Sequence[str], now_ms: Callable[[], int],
        worker: Executor, call_soon: Callable[[Callable[[], None]], object],
    ) -> None:  # fmt: skip
        self._database, self._rules, self._seats = database, rules, seats
        self._now, self._worker, self._call_soon = now_ms, worker, call_soon
        self._wrong: dict[str, list[int]] = {}  # when PINs were wrong

    def act(self, code: SeatCode, told: Answer) -> None:
        """Begin; the answer comes later."""

        def work() -> None:
            try:
                phrase = self.done(code)
            except Exception:  # the database is away, for one
                log.exception("a code dialled at seat %s", code.seat)
                phrase = "desk.refused"
            self._call_soon(lambda: told(phrase))

        self._worker.submit(work)

    def done(self, code: SeatCode) -> str:
        """Do it; the phrase that says what came of it."""
        who = self._who(code)
        if who is None:
            return "desk.wrong_pin"
        what = StateAct(
            code.act, self._now(), operator=who.name if code.act == "sign_in" else "", reason=code.reason
        )  # fmt: skip
        try:
            with Session(self._database) as session, session.begin():
                do(session, code.seat, what, who, self._rules, self._seats)
        except ActNotAllowed as why:
            log.info("seat %s: %s: %s", code.seat, code.act, why.code)
            return "desk.refused"
        return SAID[code.act]

    def _who(self, code: SeatCode) -> Doer | None:
        """Who dials: of a PIN its owner, else who is signed in there."""
        with Session(reading(self._database)) as session:
            if code.act != "sign_in":
                rows = {row.id: row for row in operators.every(session.connection())}
                name = rows[code.seat].operator if code.seat in rows else ""
                return Doer(name or f"seat:{code.seat}", "operator")
            counted = (f"seat {code.seat}", f"number {code.digits[: pins.FINDS]}")
            if any(self._lately(one) >= WRONG_MAX for one in counted):
                return None
            user = pins.owner_of(session, code.digits)
        if user is not None:
            return Doer(user.name, user.role)
        for one in counted:
            self._wrong.setdefault(one, []).append(self._now())
        return None

    def _lately(self, of: str) -> int:
        """How many were wrong within the last quarter of an hour."""
        now = self._now()
        self._wrong = {
            key: kept for key, times in self._wrong.items() if (kept := [at for at in times if at > now - WITHIN_MS])
        }
        return len(self._wrong.get(of, ()))
