"""Every page of the panel, found in its map of addresses: what browser tests walk through and pictures are taken of.

A page that is added is found here by itself. One whose address has a part that is not known yet is told by
:func:`unknown`, and a test fails until ``VALUES`` of :func:`everything` has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from ivr.cases.actions import Do
from ivr.outages.notice import By, NoticeDraft
from services import outages, users
from services.casework import MatterEntry
from tests.web.demo import ZONE, World, at, morning
from web.access import PERMISSIONS

# Answers that are no pages: files, JSON, parts of a page, and an address that only leads on.
NO_PAGES = re.compile(
    r"static|api\.\w+|monitoring\.metrics|recordings\.play|board\.(index|live|events)|calling\.live|.*\.export\w*"
)
ROLES = ("supervisor", "admin", "custodian", "operator", "lead")  # who looks at it: the first who may
NAMES = {
    "board.show": "board", "about.show": "help", "auth.login": "log-in", "auth.password": "password",
    "calls.detail": "call", "cases.detail": "case", "work.new": "case-new", "worklists.index": "worklist-answer",
    "worklists.of": "worklist-missed", "figures.rows": "figure-rows", "promises.show_page": "promises",
    "calling.show": "call-back", "outages.detail": "outage",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A page: its name (of its picture), who looks at it (empty: nobody is logged in), its address."""

    name: str
    role: str
    address: str


def everything(world: World) -> dict[str, str]:
    """A lively morning with something on every page; values for the parts of addresses."""
    from datetime import date

    world.people()
    morning(world)
    call = world.answered(at("11:48"), "13866668888", seat="102", busy="101", wait=17.8)
    account, case = world.complaint(at("10:40"), "13812349999")
    _call, provisional = world.complaint(at("10:40", date(2026, 12, 29)), "13812349999")
    world.abandoned(at("09:05"), "13500001111", wait=31)
    with Session(world.engine) as session, session.begin():
        for name, days in (("12345 平台 · city platform", 90), ("月报 · monthly report", 365)):
            expires = world.clock() + days * 86_400_000
            users.create_token(session, name=name, scopes=users.SCOPES[1:], now=world.clock(), expires=expires)
        for moment, who, action, target, detail in (
            ("09:02", "lead", "number.show", f"call {call}", "来电人要求回电"),
            ("09:05", "lead", "export", "cases.csv", "/cases.csv?kind=complaint"),
            ("10:52", "supervisor", "recording.listen", f"case {case.number}", "bytes=0-"),
            ("11:30", "admin", "user.add", "wang.fang", "operator"),
        ):
            users.audit(
                session, at=at(moment), user=who, action=action, target=target, detail=detail, remote="10.0.0.21"
            )
    _handle(world, case.id)
    report = _report(world)
    announced(world)
    return {
        "report": report, "call_id": call, "account": account, "case_id": case.id, "provisional": provisional.id,
        "kind": "missed", "command_id": world.called_back(at("09:05"), "13500003333"), "figure_id": "K1",
        "outage_id": "outage-planned",
    }  # fmt: skip


def announced(world: World) -> None:
    """Power is off, will be off tomorrow, and in a week: announced too late, which the supervisor confirmed."""
    by, hour = By("supervisor", "supervisor", world.clock()), 3_600_000
    for kind, line, area, begins, why, confirmed in (
        ("emergency", "10千伏城南线", "建设路以东", -1, "电缆被挖断", ""),
        ("temporary", "10千伏城北线", "中山路 20—88 号", 6, "消除设备缺陷", ""),
        ("planned", "10千伏城东线", "人民路 1—99 号", 5 * 24, "更换变压器", "设备隐患，不能再等"),
    ):
        starts = world.clock() + begins * hour
        named = ("市第一医院", "城东水厂", "地铁二号线")
        draft = NoticeDraft(line, area, kind, starts, starts + 9 * hour, why, customers=named, confirmed=confirmed)
        with world.engine.begin() as connection:
            outages.announce(connection, f"outage-{kind}", draft, by, world.profile.outage_notice_days, ZONE)
            outages.tell(connection, f"outage-{kind}", 1, "phone", "told", None, by)
            outages.tell(connection, f"outage-{kind}", 2, "sms", "failed", None, by)


def _report(world: World) -> str:
    """An anonymous report whose identity was sealed, and asked for twice."""
    now, supervisor = world.clock(), ("supervisor", "supervisor")
    with world.engine.begin() as connection:
        told = MatterEntry("report", "visit", "operator", now, "当面反映", anonymous=True, identity="王某，职工")
        case_id = world.casework.open(connection, told).id
        case, identities = world.casework.case(connection, case_id), world.casework.identities
        first = identities.ask(connection, case, *supervisor, "纪委来函核实", now)
        identities.decline(connection, first, "custodian", "custodian", "理由不足", now)
        identities.ask(connection, case, *supervisor, "补充了函件", now)
    return case_id


def _handle(world: World, case_id: str) -> None:
    """A case with a history: extended, replied to, closed and reopened; notices for the supervisor."""
    story = [
        ("flag", "operator", {"flag": "major", "reason": "涉及多人"}), ("accept", "operator", {}),
        ("ask_extension", "operator", {"n": "3", "reason": "需现场勘查"}), ("approve_extension", "supervisor", {}),
        ("note", "operator", {"text": "来电人补充：共三人在场"}),
    ]  # fmt: skip
    with world.engine.begin() as connection:
        for action, who, fields in story:
            world.casework.do(connection, case_id, Do(action, who, who, world.clock(), fields))
        letter = MatterEntry("enquiry", "letter", "operator", world.clock(), "来信咨询", number="13812349999")
        other = world.casework.open(connection, letter).id
        for action, fields in (("reply", {"text": "已答复", "evidence": "复函 3 号"}), ("close", {})):
            world.casework.do(connection, other, Do(action, "operator", "operator", world.clock(), fields))


def every(app: Flask, values: dict[str, str]) -> list[Shown]:
    """All pages, those of one role together, whoever is not logged in first."""
    found = [
        Shown(_name(rule), _role(app, rule), re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda part: values[part[1]], rule.rule))
        for rule in _rules(app)
        if rule.arguments <= set(values)
    ]
    order = ("", *ROLES)
    return sorted(found, key=lambda page: (order.index(page.role), page.address))


def unknown(app: Flask, values: dict[str, str]) -> list[str]:
    """Pages that nobody can open because a part of their address is not known."""
    return [rule.rule for rule in _rules(app) if not rule.arguments <= set(values)]


def _rules(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not NO_PAGES.fullmatch(rule.endpoint):
            yield rule


def _name(rule: Rule) -> str:
    return NAMES.get(rule.endpoint, rule.endpoint.removesuffix(".index").replace(".", "-").replace("_", "-"))


def _role(app: Flask, rule: Rule) -> str:
    needs = getattr(app.view_functions[rule.endpoint], "needs", None)
    return "" if needs is None else next(role for role in ROLES if role in PERMISSIONS[needs])
