"""Who an anonymous reporter is, when they said so: sealed apart from the case, opened only by the custodian (B10).

    identities.seal(connection, case, "李强", "operator", "王某,电力公司职工", now)
    request = identities.ask(connection, case, "陈总", "supervisor", "纪委来函核实", now)
    text = identities.open(connection, request, "custodian", "custodian", "函号核对无误", now)

Two people are needed: a lead or supervisor asks with a reason, the custodian opens or declines with a reason. One
request opens once. Each act is journaled; the text is under a key of its own and in no export, search or other page.
"""

from __future__ import annotations

import secrets

from ivr.cases.actions import LEADS, REASON_MIN, STAFF, ActionRefused, Notice
from ivr.cases.case import CaseRow
from ivr.facts.base import Content
from ivr.facts.identities import IdentityAsked, IdentityDeclined, IdentityOpened, IdentitySealed
from ivr.ledger import Fact
from ivr.scrubbing import without_numbers
from services import users
from store import cases, notices
from store.engine import Connection, Session
from store.ids import uuid7
from store.journal import entries
from store.keys import Keys
from store.people import identities as kept
from store.people.parties import decrypt_field, encrypt_field
from store.sql import Row

CUSTODIAN = "custodian"
TEXT_MAX = 500
FIELD = "identity"  # of a form in which it is typed


_NOT_NOW = {
    "no_custodian": ("只有身份保管员可以处理。", "only the identity custodian may decide this"),
    "unconfirmed": ("您的保管员身份尚未经督导确认。", "a supervisor has not confirmed you as custodian yet"),
    "fresh": (
        "您的账号在 24 小时内新建、变更或重设过密码，暂不能开启身份。",
        "your account was made, changed or reset within the last 24 hours and cannot open an identity yet",
    ),
}


class Identities:
    """Works inside the caller's transaction; raises :class:`ActionRefused` with the reason."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def seal(self, connection: Connection, case: CaseRow, who: str, role: str, text: str, at: int) -> None:
        """Keep who the reporter is. Once for a case; nobody can change or read it by this."""
        if role not in STAFF:
            raise ActionRefused("您无权登记举报人身份。", "only operators, leads and supervisors take an identity")
        if not case.anonymous:
            raise ActionRefused("只有匿名举报才密封身份。", "only anonymous cases have a sealed identity")
        if not text.strip() or len(text) > TEXT_MAX:
            raise ActionRefused(
                "请填写举报人身份（500 字以内）。", "write down the identity (at most 500 characters)", FIELD
            )
        if self.has(connection, case.id):
            raise ActionRefused("身份已经密封，不能更改。", "the identity is sealed already and cannot be changed")
        key = secrets.token_bytes(32)
        sealed = encrypt_field(key, case.id, "sealed_identity", text.strip())
        row = {"case_id": case.id, "created": at, "who": who, "wrapped": self._keys.wrap(key), "sealed": sealed}
        kept.add(connection, row)
        self._journal(connection, case.id, IdentitySealed(who), "", at)

    def ask(self, connection: Connection, case: CaseRow, who: str, role: str, reason: str, at: int) -> str:
        """Ask the custodian to open it; the request's id. Tells the custodian's inbox."""
        if role not in LEADS:
            raise ActionRefused("只有班长和督导可以申请开启身份。", "only a lead or supervisor may ask for an identity")
        if not self.has(connection, case.id):
            raise ActionRefused("这个工单没有密封的身份。", "this case has no sealed identity")
        reason = _reason(reason)
        if kept.waits(connection, case.id):
            raise ActionRefused("已有一个申请在等候保管员处理。", "a request is waiting for the custodian already")
        request = uuid7()
        row = {"id": request, "case_id": case.id, "asked": at, "asked_by": who, "reason": reason}
        kept.ask(connection, row)
        self._journal(connection, case.id, IdentityAsked(who), reason, at)
        to = Notice("identity_asked", (f"role:{CUSTODIAN}",))
        notices.tell(connection, to, case, at, f"{request}:asked", by=who, who=who)
        return request

    def open(self, connection: Connection, request: str, who: str, role: str, reason: str, at: int) -> str:
        """Open it for this request, once: the text, for the custodian's eyes."""
        with Session(connection) as session:
            why = users.may_open(session, who, at)
        if why:
            raise ActionRefused(*_NOT_NOW[why])
        row = self._decide(connection, request, who, role, reason, at, opened=True)
        sealed = kept.sealed(connection, row["case_id"])
        if sealed is None:
            raise ActionRefused("密封的身份已经销毁。", "the sealed identity was destroyed")
        return decrypt_field(self._keys.unwrap(sealed["wrapped"]), row["case_id"], "sealed_identity", sealed["sealed"])

    def decline(self, connection: Connection, request: str, who: str, role: str, reason: str, at: int) -> None:
        """Leave it sealed."""
        self._decide(connection, request, who, role, reason, at, opened=False)

    def has(self, connection: Connection, case_id: str) -> bool:
        """Is an identity sealed for this case?"""
        return kept.is_sealed(connection, case_id)

    def requests(self, connection: Connection, case_id: str | None = None) -> list[Row]:
        """The requests with their case's number, those that wait first, then the newest."""
        return kept.requests(connection, case_id)

    def _decide(
        self, connection: Connection, request: str, who: str, role: str, reason: str, at: int, *, opened: bool
    ) -> Row:
        if role != CUSTODIAN:
            raise ActionRefused("只有身份保管员可以处理。", "only the identity custodian may decide this")
        reason = _reason(reason)
        row = kept.request(connection, request)
        if row is None:
            raise ActionRefused("没有这个申请。", "there is no such request")
        if row["decided"] is not None:
            raise ActionRefused(
                "这个申请已经处理；再次查看须重新申请。", "this request is done; another look needs another request"
            )
        if row["asked_by"] == who:
            raise ActionRefused("申请人不能自己开启。", "who asked may not open it")
        kept.decide(connection, request, at=at, who=who, opened=opened, answer=reason)
        said = IdentityOpened(who) if opened else IdentityDeclined(who)
        self._journal(connection, row["case_id"], said, reason, at)
        case = cases.held(connection, row["case_id"])
        assert case is not None, "a request is of a case"
        to = Notice(said.NAME, (f"user:{row['asked_by']}",))
        notices.tell(connection, to, case, at, f"{request}:{said.NAME}", by=who, who=who)
        return row

    def _journal(self, connection: Connection, case_id: str, said: Content, reason: str, at: int) -> None:
        entries.append_facts(connection, [Fact(at, said, reason)], case_id=case_id)


def _reason(text: str) -> str:
    """A reason, fit to be kept in the clear."""
    if len(text.strip()) < REASON_MIN or len(text) > TEXT_MAX:
        raise ActionRefused("请写明原因（2–200 个字）。", "give a reason (2 to 200 characters)", "reason")
    return without_numbers(text.strip())
