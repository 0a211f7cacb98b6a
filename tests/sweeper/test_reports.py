"""Reports sent at a set local time: the right period, once, under a stable Message-ID, with files (CMP-8)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import time

import pytest
from openpyxl import load_workbook

from hotline.config.file import load
from hotline.config.settings import Settings, SettingsError
from hotline.config.tables import NotifySettings
from hotline.notify.email import Mail
from hotline.process import reports as making
from ivr.report import periods
from ivr.report.periods import ReportDue
from services.reporting import Reporting
from services.sweeper import Sweeper
from store import reports
from store.outbox import OutboxNotice
from store.reports import FinishedReport
from tests.support.casework import Desk
from tests.support.moments import ZONE, at
from tests.sweeper.servers import MailServer, running

Make = Callable[..., Sweeper]
TO = {"monthly": ("boss@example.cn", "deputy@example.cn"), "daily": ("lead@example.cn",), "weekly": ()}


@pytest.mark.parametrize(
    ("kind", "now", "expected"),
    [
        ("monthly", "2026-12-01 07:59", None),
        ("monthly", "2026-12-01 08:00", "monthly:2026-11"),
        ("monthly", "2026-12-24 10:00", "monthly:2026-11"),
        ("monthly", "2027-01-01 08:00", "monthly:2026-12"),
        ("weekly", "2026-11-30 08:00", "weekly:2026-W48"),
        ("weekly", "2027-01-04 09:00", "weekly:2026-W53"),
        ("daily", "2026-11-27 00:01", None),
        ("daily", "2026-11-27 08:00", "daily:2026-11-26"),
    ],
)
def test_a_report_is_due_the_day_after_its_period_at_its_time(kind: str, now: str, expected: str | None) -> None:
    found = periods.due(kind, at(now), time(8), ZONE)
    assert (found and found.key) == expected


def mail(server: MailServer, desk: Desk) -> Mail:
    def report(key: str) -> FinishedReport | None:
        with desk.engine.connect() as connection:
            return reports.load(connection, key)

    given = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "none", "mail_from": "hotline@example.cn"}
    return Mail(NotifySettings.model_validate(given), "示范中心", report=report)


def reporting(desk: Desk, made: list[ReportDue], to: dict[str, tuple[str, ...]] | None = None) -> Reporting:
    def make(due: ReportDue) -> FinishedReport:
        made.append(due)
        return FinishedReport(due.title("zh-CN"), f"<p>{due.key}</p>", b"%PDF-", b"PK")

    return Reporting(desk.engine, ZONE, TO if to is None else to, time(8), make, lambda: desk.now)


def test_two_sweepers_and_a_restart_send_each_report_once(desk: Desk, sweeper: Make) -> None:
    desk.now = at("2026-12-01 08:30")
    made: list[ReportDue] = []
    with running(MailServer()) as server:
        for _restart in range(2):
            first, second = (reporting(desk, made) for _ in range(2))
            both = [sweeper(senders={"email": mail(server, desk)}, chores=[r.once]) for r in (first, second)]
            for _ in range(3):
                for one in both:
                    one.once()
        desk.now += 3_600_000
        both[0].once()
        got = sorted((message["To"], message["Subject"]) for message in server.taken)
    assert got == [
        ("boss@example.cn", "[示范中心] 热线月报 2026-11"), ("deputy@example.cn", "[示范中心] 热线月报 2026-11"),
        ("lead@example.cn", "[示范中心] 热线日报 2026-11-30"),
    ]  # fmt: skip
    assert [due.key for due in made] == ["monthly:2026-11", "daily:2026-11-30"], "made once, too"


def test_both_of_two_that_made_it_at_once_leave_one(desk: Desk) -> None:
    """The second process finds the first one's report when its own is ready."""
    desk.now = at("2026-12-01 08:30")
    other = reporting(desk, [], {"monthly": TO["monthly"]})

    def slow(due: ReportDue) -> FinishedReport:
        assert other.once() == 1
        return FinishedReport("late", "<p>late</p>")

    one = Reporting(desk.engine, ZONE, {"monthly": TO["monthly"]}, time(8), slow, lambda: desk.now)
    assert one.once() == 0
    with desk.engine.connect() as connection:
        assert (reports.load(connection, "monthly:2026-11") or FinishedReport("", "")).title == "热线月报 2026-11"
    assert len(desk.rows("outbox")) == 2


def test_a_refused_report_is_sent_again_as_the_same_message(desk: Desk, sweeper: Make) -> None:
    desk.now = at("2026-12-01 08:30")
    with running(MailServer()) as server:
        server.refuse = 1
        report = reporting(desk, [], {"monthly": ("boss@example.cn",)})
        sender = mail(server, desk)
        one = sweeper(senders={"email": sender}, chores=[report.once])
        one.once()
        assert server.taken == []
        desk.now += 30_000
        one.once()
        message = server.taken[0]
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]  # fmt: skip
    assert [part.get_filename() for part in message.iter_attachments()] == [
        "monthly-2026-11.pdf",
        "monthly-2026-11.xlsx",
    ]
    row = desk.rows("outbox")[0]
    item = OutboxNotice(
        row["id"], row["key"], "email", row["target"], {"report": "monthly:2026-11", "title": "x", "at": 0}, 1
    )
    assert sender.message(item)["Message-ID"] == message["Message-ID"], "the key alone decides"
    assert bytes(sender.message(item)) == bytes(sender.message(item)), "the same bytes"


def test_the_report_that_is_sent_is_the_one_the_command_writes(desk: Desk, sweeper: Make) -> None:
    desk.now = at("2026-12-01 08:30")
    settings = Settings.model_validate({"reports": {"attach": ["xlsx"]}})
    with running(MailServer()) as server:
        report = Reporting(
            desk.engine, ZONE, {"monthly": ("boss@example.cn",)}, time(8),
            lambda due: making.make(settings, desk.engine, desk.rules.profile, due), lambda: desk.now,
        )  # fmt: skip
        sweeper(senders={"email": mail(server, desk)}, chores=[report.once]).once()
        message = server.taken[0]
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "热线月报 2026-11" in html and 'role="img"' in html
    book = load_workbook(io.BytesIO(next(message.iter_attachments()).get_content()))  # type: ignore[call-overload]
    ids = [row[1] for row in book.active.iter_rows(values_only=True)]  # type: ignore[union-attr]
    assert {"K1", "K14", "K20"} <= set(ids)


def test_reports_without_a_mail_server_are_refused_when_the_settings_are_read(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "hotline.toml"
    file.write_text('[reports]\nmonthly = ["boss@example.cn"]\n', "utf-8")
    with pytest.raises(SettingsError, match="mail server"):
        load(file, {}, {})
