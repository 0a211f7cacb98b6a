"""Every table sorts, filters and is exported (issue: acceptance 8): by links, without a script, as it is shown."""

from __future__ import annotations

import csv
import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from ivr.cases.actions import Do
from services import users
from store.schema import Case
from tests.web.conftest import Auth
from tests.web.demo import World, at, morning
from tests.web.pages import announced
from web import create_app

# page -> (role, columns that sort, its export)
TABLES = {
    "/calls": ("supervisor", ["arrived", "outcome", "window", "seat", "wait", "cases"], "/calls"),
    "/cases": ("supervisor", ["number", "kind", "status", "owner", "received", "due"], "/cases"),
    "/inbox?all=1": ("supervisor", ["at", "kind", "number", "due", "read"], "/inbox"),
    "/audit": ("supervisor", ["at", "user", "action"], "/audit"),
    "/worklists/missed": ("supervisor", ["due", "next", "tries", "last", "owner"], "/worklists/missed"),
    "/outages": ("supervisor", ["starts", "line", "kind", "announced", "told"], "/outages"),
    "/users": ("admin", ["name", "role", "created"], "/users"),
    "/tokens": ("admin", ["name", "scopes", "created", "expires", "state"], "/tokens"),
}


def _rows(answer):
    assert answer.status_code == 200, answer.status
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A hotline with something in every table; the tests of this module only look at it."""
    world = World(tmp_path_factory.mktemp("tables"))
    world.people()
    morning(world)
    for n in range(60):
        world.abandoned(at("07:00") + n * 1000, f"138111100{n:02}")
    with Session(world.engine) as session, session.begin():
        ids = [row.id for row in session.query(Case).order_by(Case.received).limit(3)]
        for n, name in enumerate(("乙平台", "甲平台", "丙平台")):
            expires = world.clock() + (n + 1) * 1000
            users.create_token(session, name=name, scopes=["cases:read"], now=world.clock() + n, expires=expires)
        for n in range(3):
            users.audit(session, at=at("09:00") + n * 1000, user="lead", action="log.in", remote=f"10.0.0.{n}")
    announced(world)
    for n, one in enumerate(ids):
        with world.engine.begin() as connection:
            what = Do("flag", "operator", "operator", world.clock() + n, {"flag": "major", "reason": "涉及多人"})
            world.casework.do(connection, one, what)
    yield world
    world.close()


@pytest.fixture(scope="module")
def browse(world):
    """``browse("lead")``: a browser in which the shift lead is logged in."""
    app, clients = create_app(world.config()), {}

    def of(role):
        if role not in clients:
            clients[role] = app.test_client()
            Auth(clients[role]).login(role)
        return clients[role]

    return of


@pytest.mark.parametrize("page", TABLES)
def test_8_every_table_sorts_by_its_links_both_ways(browse, page):
    role, keys, _export = TABLES[page]
    client = browse(role)
    text = client.get(page).text
    for key in keys:
        joined = page + ("&" if "?" in page else "?")
        up = client.get(f"{joined}sort={key}").text
        down = client.get(f"{joined}sort=-{key}").text
        if f"sort={key}" not in text and f"sort=-{key}" not in text:
            continue  # nothing to be sorted by on the page; the file is
        assert re.search(rf'aria-sort="ascending"><a class="sort ascending" href="[^"]*sort=-{key}"', up) or (
            f'class="sort ascending" href="{joined.replace("&", "&amp;")}sort=-{key}"' in up
        ), (page, key)
        assert "descending" in down


@pytest.mark.parametrize("page", TABLES)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_8_every_table_is_exported_as_it_is_sorted_and_the_audit_log_says_so(browse, audit, page, form):
    role, keys, export = TABLES[page]
    client = browse(role)
    query = {"/inbox?all=1": "all=1&", "/audit": "action=log.in&user=lead&"}.get(page, "")  # an export adds to the log
    link = f"{export}.{form}?{query}"
    assert f'href="{export}.{form}' in client.get(page).text
    found = {}
    for sort in (keys[0], f"-{keys[0]}"):
        answer = client.get(f"{link}sort={sort}")
        if form == "csv":
            assert answer.get_data()[:3] == b"\xef\xbb\xbf", "Excel needs the mark to read Chinese"
            found[sort] = _rows(answer)
        else:
            sheet = load_workbook(io.BytesIO(answer.get_data())).active
            found[sort] = [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    up, down = found.values()
    assert up[0] == down[0]
    assert len(up) > 2, "there is something to be sorted"
    assert sorted(up) == sorted(down)
    firsts = [row[0] for row in up[1:]]
    assert firsts == sorted(firsts)
    assert [row[0] for row in down[1:]] == sorted(firsts, reverse=True)
    name = export.strip("/").split("/")[0].replace("worklists", "worklist")
    assert audit("export")[-1][:3] == (role, "export", f"{name}.{form}")


def test_8_the_export_has_the_filters_of_the_page(browse):
    client = browse("supervisor")
    everything = _rows(client.get("/cases.csv"))
    reports = _rows(client.get("/cases.csv?kind=report"))
    assert 1 < len(reports) < len(everything)
    assert {row[1] for row in reports[1:]} == {"举报"}
    page = client.get("/cases?kind=report&sort=due").text
    assert 'href="/cases.csv?kind=report&amp;sort=due"' in page


def test_8_filters_leave_only_what_is_wanted(browse):
    client = browse("admin")
    assert len(re.findall(r"<tr role=\"row\" class=\"", client.get("/users?role=lead").text)) == 1
    assert "没有符合条件的账号" in client.get("/users?active=no").text
    client = browse("supervisor")
    assert "测试</span>" in client.get("/calls?test=yes").text
    assert "测试</span>" not in client.get("/calls?test=no").text
    assert "没有符合条件的记录" in client.get("/audit?from=2020-01-01&to=2020-01-02").text
    assert "没有要回的电话" in client.get("/worklists/missed?owner=nobody").text


def test_8_who_may_not_export_sees_no_link_and_gets_no_file(browse):
    client = browse("operator")
    for page in ("/calls", "/cases", "/worklists/missed"):
        assert "导出 CSV" not in client.get(page).text
        assert client.get(f"{page}.csv").status_code == 403
        assert client.get(f"{page}.xlsx").status_code == 403
    assert client.get("/inbox.csv").status_code == 200, "one's own notices"


def test_8_no_cell_of_an_export_is_a_formula(browse):
    from web.tables import Column, Table, answer
    from web.tables import Sheet as Shown

    rows = [["=1+1"], ["@cmd"], ["-2"], ["+86"], ["plain"]]
    with browse("lead").application.test_request_context():
        text = answer("x.csv", "csv", Shown("x", ["a"], rows)).get_data(as_text=True)
        book = load_workbook(io.BytesIO(answer("x.xlsx", "xlsx", Shown("x", ["a"], rows)).get_data()))
    assert [line for line in text.split("\r\n") if line] == ["\ufeffa", "'=1+1", "'@cmd", "'-2", "'+86", "plain"]
    assert [cell.data_type for cell in book.active["A"]] == ["s"] * 6
    assert Table("x", (Column("a", "a"),), "a", "x").shown


def test_8_the_sort_survives_filter_and_pager(browse):
    client = browse("supervisor")
    page = client.get("/calls?sort=wait&test=no").text
    following = re.search(r'href="(/calls\?[^"]*before=[^"]+)"', page)[1].replace("&amp;", "&")
    assert "sort=wait" in following
    assert "test=no" in following
    assert client.get(following).status_code == 200
    assert client.get("/calls?sort=nonsense").status_code == 200, "an unknown order is no order"


def test_8_a_calls_record_and_a_cases_history_are_files_too(browse, world, audit):
    with Session(world.engine) as session:
        case = session.query(Case).filter(Case.call_id.is_not(None)).first()
        call = case.call_id
    client = browse("lead")
    record = _rows(client.get(f"/calls/{call}/record.csv"))
    assert record[1][2] == "offered"
    history = _rows(client.get(f"/cases/{case.id}/history.csv"))
    assert any("受理" in row[1] for row in history[1:])
    assert [row[2] for row in audit("export")][-2:] == ["call-record.csv", "case-history.csv"]
