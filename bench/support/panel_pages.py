"""Every page of the panel with a year behind it, who asks for it, and how long it took them.

    found = pages(url, zone)    # [Page("board", ["/board"]), ...], with ids and cursors from the database

A page that is not in the list stops the measurement; files (exports, recordings) are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from store.engine import open_engine, reading
from store.schema import Call, Case, DeskCommand, Outage
from web.app import SCREENS

STAFF = ("operator", "lead", "supervisor")
LEADS = ("lead", "supervisor", "admin")
EVERYBODY = ("operator", *LEADS)
# Not pages with a year behind them: files, sounds, forms without data, and what machines ask for.
NO_PAGES = ("static", "api.", "monitoring.", "recordings.", "auth.", ".export", "board.index", "board.events")


@dataclass
class Page:
    """A page, who may ask for it, and how long its answers took (ms)."""

    name: str
    paths: list[str]
    roles: tuple[str, ...] = EVERYBODY
    took: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        """A percentile by nearest rank."""
        ordered = sorted(self.took)
        return ordered[max(0, -(-round(share * 100) * len(ordered) // 100) - 1)] if ordered else float("nan")

    def missed(self, limit_ms: float) -> str:
        """What to say of a p95 that is not below the limit; empty: it is."""
        p95 = self.at(0.95)
        return f"p95 {p95:.0f} ms >= {limit_ms:.0f}" if p95 >= limit_ms else ""


def together(found: list[Page]) -> Page:
    """All answers as those of one page."""
    return Page("all pages", [], took=[ms for page in found for ms in page.took])


def pages(url: str, zone: ZoneInfo) -> list[Page]:
    """Every page of the panel, with ids and cursors from the database; today is the panel's, by ``zone``."""
    today = datetime.now(zone).date()
    midnight = round(datetime.combine(today, time.min, zone).timestamp() * 1000)
    month = f"from={today - timedelta(days=30)}&to={today}"
    year = f"from={today - timedelta(days=364)}&to={today}"
    week = f"from={today - timedelta(days=6)}&to={today}"
    engine = open_engine(url)
    with Session(reading(engine)) as session:
        newest = session.execute(select(Call.arrived, Call.id).order_by(Call.arrived.desc()).limit(60)).all()
        old = session.scalars(select(Call.id).order_by(Call.arrived).limit(30)).all()
        spread = session.execute(select(Call.arrived, Call.id).order_by(Call.id).limit(1)).one()
        cases = session.scalars(select(Case.id).order_by(Case.received.desc()).limit(60)).all()
        first = session.scalars(select(Case.id).order_by(Case.received).limit(30)).all()
        commands = session.scalars(select(DeskCommand.id).limit(30)).all()
        notices = session.scalars(select(Outage.id).order_by(Outage.starts.desc()).limit(60)).all()
        middle = session.execute(select(Case.received, Case.id).order_by(Case.received).offset(50_000).limit(1)).first()
    engine.dispose()
    # Operators see calls of today only, and just after midnight there may be none.
    of_today = [row.id for row in newest if row.arrived >= midnight]
    recent, seeing = (of_today, EVERYBODY) if of_today else ([row.id for row in newest], LEADS)
    deep = f"{spread.arrived + 15_000_000_000}.{spread.id}"
    found = [
        Page("board", ["/board"]),
        Page("board, live poll", ["/board/live"]),
        Page("calls, today", ["/calls"]),
        Page("calls, by outcome", [f"/calls?outcome={o}" for o in ("answered", "abandoned", "failed", "callback")]),
        Page("calls, a year", [f"/calls?{year}", f"/calls?{year}&before={deep}"], LEADS),
        Page(
            "calls, a year, filtered",
            [f"/calls?{year}&{more}" for more in (
                "outcome=failed", "window=complaint", "seat=139", "seat=nobody", "outcome=callback&window=repair",
                "outcome=failed&seat=140", "window=complaint&outcome=abandoned", "test=yes",
            )], LEADS,
        ),
        Page("calls, a week, sorted", [f"/calls?{week}&sort={s}" for s in ("-wait", "seat", "outcome")], LEADS),
        Page("a call", [f"/calls/{i}" for i in recent], seeing),
        Page("a call of long ago", [f"/calls/{i}" for i in old], LEADS),
        Page("cases", ["/cases"]),
        Page("cases, later pages", [f"/cases?before={middle.received}.{middle.id}"] if middle else ["/cases"]),
        Page(
            "cases, filtered",
            [f"/cases?{more}" for more in (
                "kind=report", "status=handling", "status=archived", "due=open", "due=late", "due=soon",
                "kind=repair&status=received", "kind=praise&due=open", month, f"{year}&kind=callback", "owner=李强",
            )],
        ),
        Page("cases, sorted", [f"/cases?sort={s}" for s in ("due", "-due", "kind", "status", "owner", "-number")]),
        Page("a case", [f"/cases/{i}" for i in cases]),
        Page("a case of long ago", [f"/cases/{i}" for i in first]),
        Page("case, new", ["/cases/new"], STAFF),
        Page("worklists", ["/worklists"], STAFF),
        Page("worklist, answers", ["/worklists/answer"], STAFF),
        Page("worklist, missed", ["/worklists/missed"], STAFF),
        Page("worklist, follow-ups", ["/worklists/followup"], STAFF),
        Page("inbox", ["/inbox"], STAFF),
        Page("inbox, everything", ["/inbox?all=1"], STAFF),
        Page("figures, today", ["/figures"]),
        Page("figures, a week", [f"/figures?{week}"]),
        Page("figures, a month", [f"/figures?{month}"]),
        Page(
            "rows behind, a day", [f"/figures/{k}/rows" for k in ("K1", "K2a-15", "K4", "K13-complaint", "K15", "K20")]
        ),
        Page(
            "rows behind, a month",
            [f"/figures/{k}/rows?{month}" for k in (
                "K1", "K1g", "K2a-15", "K3", "K4", "K5", "K6", "K7-talk", "K12", "K13-complaint", "K14", "K15",
                "K18", "K19", "K20", "K21", "K22", "K25",
            )], LEADS,
        ),
        Page("rows behind, ratings", [f"/figures/{k}/rows?{month}" for k in ("K16", "K17")], ("lead", "supervisor")),
        Page("calling back", [f"/call-back/{i}" for i in commands], STAFF),
        Page("calling back, live poll", [f"/call-back/{i}/state" for i in commands], STAFF),
        Page("promises, for everybody", ["/promises", f"/promises?month={_months_ago(today, 3)}"]),
        Page("outage notices", ["/outages", "/outages?sort=-told", "/outages?state=now", "/outages?state=short"]),
        Page("an outage notice", [f"/outages/{i}" for i in notices]),
        Page("outage notice, new", ["/outages/new"], ("lead", "supervisor")),
        Page("sealed identities", ["/identities"], ("custodian",)),
        Page("calendar", ["/calendar"], ("supervisor", "admin")),
        Page("audit", ["/audit"], ("supervisor", "admin")),
        Page("audit, filtered", ["/audit?user=王芳", "/audit?action=export"], ("supervisor", "admin")),
        Page("deletions", ["/audit/deletions"], ("supervisor", "admin")),
        Page("custodians", ["/custodians"], ("supervisor",)),
        Page("users", ["/users"], ("admin",)),
        Page("tokens", ["/tokens"], ("admin",)),
        Page("log-ins of one's own", ["/sessions"]),
        Page("second factor", ["/second-factor"]),
        Page("help", ["/help"]),
    ]  # fmt: skip
    for page in found:
        page.paths = [quote(path, safe="/?&=.-_") for path in page.paths]
    _none_is_missing(found)
    return found


def _months_ago(today: date, n: int) -> str:
    return (today.replace(day=1) - timedelta(days=30 * n)).strftime("%Y-%m")


def _none_is_missing(found: list[Page]) -> None:
    """Every page of the panel is asked for."""
    app = Flask("panel")
    for screen in SCREENS:
        app.register_blueprint(screen.bp)
    routes = app.url_map.bind("")
    asked = {routes.match(path.partition("?")[0])[0] for page in found for path in page.paths}
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    missing = {name for name in there - asked if not any(part in name for part in NO_PAGES)}
    assert not missing, f"pages that are not measured: {', '.join(sorted(missing))}"
