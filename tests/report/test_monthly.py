"""CMP-8: the monthly report says what the journal says, recounted here by another way; and names nobody."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hotline.cli import main
from ivr.profile import Profile
from ivr.report import page
from ivr.report.contents import Contents
from ivr.report.span import Span
from recordings.keys import KeyRing
from store.engine import open_engine, reading
from store.figures.report import contents
from store.journal import entries
from store.journal.sql_ledger import SqlLedger
from store.schema import Journal
from tests.support.database import migrated
from tests.support.facts import fact
from tests.support.history import START, Caller, number_for, request_abandoned, request_answered
from tests.support.stores import BOTH, made_once

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOVEMBER = Span.month(2026, 11, SHANGHAI)
HOUR, DAY = 3_600_000, 86_400_000
NUMBER = "13912345678"


@pytest.fixture(scope="module", params=BOTH)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The connections to a database of a month, told once: these tests only read."""
    folder = tmp_path_factory.mktemp("month")
    engine = open_engine(made_once(request, request.param, folder))
    ledger = SqlLedger(
        engine, KeyRing.open(folder / "keys"), owner="n", spool=folder / "spool", number_for=number_for, inline=True
    )
    a_month(engine, ledger)
    ledger.close()
    yield engine
    engine.dispose()


def a_month(engine: Engine, ledger: SqlLedger) -> None:
    """Calls and cases of a month, some of them before and after it."""
    dice = random.Random(11)
    for _ in range(60):
        at = START + dice.randrange(-24 * DAY, 12 * DAY)
        if dice.random() < 0.7:
            request_answered(ledger, dice.randrange(40_000), at=at, test=dice.random() < 0.1)
        else:
            request_abandoned(ledger, dice.randrange(60_000), at=at)
    for _ in range(25):
        call = Caller(ledger, START + dice.randrange(-15 * DAY, DAY), number=NUMBER).arrives()
        kind = dice.choice(["complaint", "report", "message"])
        category = dice.choice(["attitude", "integrity", ""]) if kind == "complaint" else ""
        due = call.at + 3 * DAY
        case = call.opens_case(kind, category=category, due_ms=due, due="2026-11-20", anonymous=kind == "report")
        if dice.random() < 0.7:
            with engine.begin() as connection:
                replied = fact(due + dice.choice([-HOUR, 0, 1]), "case_replied")
                entries.append_facts(connection, [replied], case_id=case.id)


@pytest.fixture(scope="module")
def month(engine: Engine) -> Contents:
    """What the month's report has."""
    with Session(reading(engine)) as session:
        return contents(session, NOVEMBER, Profile.load(), START + 4 * DAY)


def facts(engine: Engine) -> list[tuple[str, str | None, str | None, int, dict]]:  # type: ignore[type-arg]
    with Session(reading(engine)) as session:
        rows = session.execute(select(Journal).order_by(Journal.at, Journal.seq)).scalars()
        return [(r.name, r.call_id, r.case_id, r.at, json.loads(r.data)) for r in rows]


def test_cmp_8_the_months_calls_equal_an_independent_recount_of_the_journal(engine: Engine, month: Contents) -> None:
    calls: dict[str, dict[str, int]] = {}
    tests = set()
    for name, call_id, _, at, data in facts(engine):
        if call_id:
            calls.setdefault(call_id, {}).setdefault(name, at)
            if data.get("test"):
                tests.add(call_id)
    asked = {
        call_id: told for call_id, told in calls.items()
        if "human_requested" in told and NOVEMBER.from_ms <= told["offered"] < NOVEMBER.to_ms
    }  # fmt: skip
    real = [told for call_id, told in asked.items() if call_id not in tests]
    waits = sorted(t["seat_answered"] - t["human_requested"] for t in real if "seat_answered" in t)
    by_id = {figure.id: figure for figure in month.figures}
    assert (by_id["K1"].numerator, by_id["K1"].denominator) == (len(waits), len(real))
    assert dict(by_id["K1"].exclusions)["test_calls"] == len(asked) - len(real) > 0
    assert by_id["K3"].value == sum(waits) / 1000 / len(waits)
    assert by_id["K3-max"].value == waits[-1] / 1000
    assert by_id["K2a-15"].numerator == sum(wait <= 15_000 for wait in waits)
    assert sum(figures[0].denominator for _, figures in month.days) == len(real)


def test_cmp_8_the_months_promises_equal_an_independent_recount(engine: Engine, month: Contents) -> None:
    opened = {case_id: data for name, _, case_id, _, data in facts(engine) if name == "case_opened" and case_id}
    replied = {case_id: at for name, _, case_id, at, _ in facts(engine) if name == "case_replied"}
    for kind in ("complaint", "report"):
        due = {i: d["due_ms"] for i, d in opened.items() if d["kind"] == kind and d["due_ms"] < NOVEMBER.to_ms}
        settled = [i for i, at in due.items() if i in replied or at <= month.now_ms]
        good = sum(i in replied and replied[i] <= due[i] for i in settled)
        figure = next(f for f in month.figures if f.id == f"K13-{kind}")
        assert (figure.numerator, figure.denominator) == (good, len(settled))
    received = Counter(data["kind"] for data in opened.values())
    assert {kind: n for (kind, channel), n in month.received.items()} == dict(received)
    assert month.categories.total() == received["complaint"]


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_page_names_nobody_gives_every_definition_and_no_percentage_below_30(month: Contents, lang: str) -> None:
    html = page.summary(month, "热线月报 2026-11", "示范供电服务中心", lang)
    assert NUMBER not in html and NUMBER[-4:] not in re.sub(r"<svg.*?</svg>", "", html, flags=re.S)
    for figure in month.figures:
        assert f'<tr id="{figure.id}">' in html
        if figure.unit == "ratio" and 0 < figure.denominator < 30:
            row = html.split(f'<tr id="{figure.id}">')[1].split("</tr>")[0]
            assert "%" not in row and f"{figure.numerator} / {figure.denominator}" in row
    assert html.count('role="img"') == html.count("<desc") == 7
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")  # nothing is fetched from elsewhere


def test_the_public_page_has_totals_only(month: Contents) -> None:
    html = page.promises(month, "服务承诺兑现情况", "示范供电服务中心", "zh-CN")
    assert "承诺兑现率 (K14)" in html and NUMBER[-4:] not in html
    assert not re.search(r"\d{8,}", re.sub(r"[0-9a-f-]{36}", "", html))


def test_a_month_without_anything_is_a_page_all_the_same(engine: Engine) -> None:
    with Session(reading(engine)) as session:
        nothing = contents(session, Span.month(2020, 2, SHANGHAI), Profile.load(), START)
    html = page.summary(nothing, "x", "y", "en")
    assert "No case was received." in html and "%" not in html.split("<main>")[1].split("Definitions")[0].replace(
        "rate by week (%)", ""
    ).replace("target 90 %", "")


def test_the_commands_write_html_and_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir(mode=0o700)
    migrated(Path("data"))
    run = CliRunner().invoke
    result = run(main, ["report", "monthly", "--month", "2026-11", "--out", "out"])
    assert result.exit_code == 0, result.output
    assert result.output.split() == ["out/monthly-2026-11.html", "out/monthly-2026-11.pdf"]
    assert Path("out/monthly-2026-11.pdf").read_bytes().startswith(b"%PDF-")
    assert "热线月报 2026-11" in Path("out/monthly-2026-11.html").read_text("utf-8")
    assert run(main, ["report", "promises", "--month", "2026-11", "--out", "out", "--lang", "en"]).exit_code == 0
    assert "how we kept them" in Path("out/promises-2026-11.html").read_text("utf-8")
    for name, option, period in (("weekly", "--week", "2026-W47"), ("daily", "--day", "2026-11-21")):
        result = run(main, ["report", name, option, period, "--out", "out", "--html-only", "--lang", "en"])
        assert result.output.split() == [f"out/{name}-{period}.html"]
    assert "2026-11-16 – 2026-11-22" in Path("out/weekly-2026-W47.html").read_text("utf-8")
    assert "write 2026-10" in run(main, ["report", "monthly", "--month", "11"]).output
    assert "write 2026-W40" in run(main, ["report", "weekly", "--week", "2026-W60"]).output
    Path("file").write_text("")
    assert run(main, ["report", "promises", "--month", "2026-11", "--out", "file"]).exit_code in (2, 3)
