"""What people read: one way to write a due date, no words of the machine, ringing is ringing and a talk a talk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from ivr.cases import notices
from ivr.cases.actions import ACTIONS
from ivr.cases.dates import due_words
from ivr.cases.notices import body
from ivr.flow.loader import KINDS
from store.schema import Case
from tests.support.facts import fact
from tests.web.demo import SECOND, at, dialled, live
from tests.web.pages import ROLES, every
from tests.web.test_parameters import Busy
from web import labels, technical
from web.format import TURNS, UNITS

# Words of the machine: what the store, the flows and the journal call things.
CODES = set().union(
    *(names for names in vars(labels).values() if isinstance(names, Mapping)),
    *({action.id, action.fact} | {one for field in action.fields for one in (field.name, *field.choices)}
      for action in ACTIONS.values()),
    technical.FACTS, technical.SORTS, technical.SAID, notices.names(), KINDS, UNITS,
    {word for turn in TURNS for word in turn.split("=")}, {"leg_id", "recording_id", "party_id"},
)  # fmt: skip
# Names of accounts; words a page explains; settings, and what people named things in the made-up world.
SAID = {*ROLES, "profile", "prune", "city"}
LATIN = sorted(word for word in CODES - SAID if len(word) > 3 and word.isascii())  # "sip", "max" are said, too
JOINED = [word for word in LATIN if "_" in word or "@" in word]  # no word of English either
PHRASE = r"\b(?:greet|notice|bye|rate|menu|out|ask|say|main|deadline|category)\.[a-z0-9_]+\b"
QUOTED = re.compile(r"<script.*?</script>|<code.*?</code>|· monthly report", re.S)
TAGS = re.compile(r"<[^>]*>", re.S)


def _raw(words):
    return re.compile(PHRASE + "|" + rf"(?<![\w./:-])(?:{'|'.join(map(re.escape, words))})(?![\w./:-])")


RAW = {"zh": _raw(LATIN), "en": _raw(JOINED)}


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    found = Busy(tmp_path_factory.mktemp("busy"))
    yield found
    found.world.close()


def test_a_day_is_written_as_the_day_whether_stored_or_as_its_end():
    assert due_words("2026-11-30") == "2026-11-30"
    assert due_words(datetime(2026, 12, 1)) == "2026-11-30"
    assert due_words("2026-11-30T17:30:00+08:00") == due_words(datetime(2026, 11, 30, 17, 30)) == "2026-11-30 17:30"
    assert due_words(None) == due_words("") == ""


def test_a_case_is_due_then_in_every_list(world, as_role):
    _call, case = world.complaint(at("10:58"), "13812345678")
    with Session(world.engine) as session:
        due = session.get_one(Case, case.id).due
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", due)
    lead = as_role("lead")
    after = date.fromordinal(date.fromisoformat(due).toordinal() + 1)
    for path in (f"/cases/{case.id}", "/cases", "/worklists/answer", "/worklists/answer.csv", "/cases.csv"):
        page = lead.get(path).text
        assert due in page, path
        assert f"{after} 00:00" not in page, path
    assert due in body({"number": "1", "notice": "near", "due": due})
    assert "+08:00" not in body({"number": "1", "notice": "near", "due": f"{due}T17:30:00+08:00"})


def test_the_english_page_explains_in_english_whatever_profile_is_in_force(world, as_role):
    _call, case = world.complaint(at("10:58"), "13812345678")
    with Session(world.engine) as session, session.begin():
        row = session.get_one(Case, case.id)
        row.profile = "a profile of before"
        lines = json.loads(row.explanation)
    page = as_role("lead").get(f"/cases/{case.id}?lang=en").text
    explained = page[page.index('<ol class="explain"') :].split("</ol>", 1)[0]
    assert 'lang="en"' in explained
    assert not re.search(r"[一-鿿]", explained)
    assert explained.count("<li>") == len(lines)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_shows_words_of_the_machine(busy, language):
    found = []
    for page in every(busy.app, busy.values):
        answer = busy.clients[page.role].get(
            page.address, query_string={"lang": language, "record": "name", "all": "1"}
        )
        # One page is there by setting alone, one for whoever is in the middle of a log-in.
        assert answer.status_code == 200 or page.address in ("/promises", "/log-in/code"), page.address
        shown = " ".join(TAGS.sub(" ", QUOTED.sub("", answer.text)).split())
        found += [
            (page.address, shown[max(0, one.start() - 60) : one.end() + 40]) for one in RAW[language].finditer(shown)
        ]
    assert not found, "\n".join(map(str, found))
    assert set(ROLES) <= set(busy.clients)


def test_a_deadline_rule_is_told_in_words(world, as_role):
    _call, case = world.complaint(at("10:58"), "13812345678")
    lead = as_role("lead")
    assert re.search(r"\d+ 个(自然日|工作日)", lead.get(f"/cases/{case.id}").text)
    assert re.search(r"\d+ (calendar|working) days", lead.get(f"/cases/{case.id}?lang=en").text)


def test_what_was_said_stands_in_the_journey_by_its_words(world, as_role):
    call = world.call(at("09:00"), "13800000001", [(0.4, "answered", {}), (0.5, "play", {"say": ["greet.std"]})])
    page = as_role("lead").get(f"/calls/{call}").text
    assert "greet.std" not in page
    assert "您好" in page


def test_ringing_is_not_shown_as_talking(world, as_role):
    start = world.clock() - 30 * SECOND
    leg = "leg-1/102"
    facts = [
        (0.4, "answered", {}), (10, "human_requested", {"window": "business"}),
        (10.2, "dial_seat", dialled(leg, "102", "business")), (10.3, "seat_ringing", {"leg_id": leg, "seat": "102"}),
    ]  # fmt: skip
    there = live(start, "power-95598", "person", window="business", seat="102", waiting=start + 10 * SECOND)
    call = world.call(start, "13800000001", facts, live=there)
    world.alive()
    world.seats_now(busy={"102": call})
    lead = as_role("lead")
    page = lead.get("/board").text
    assert "座席振铃" in page
    assert "正在振铃" in page
    assert "与座席通话" not in page
    assert "正在通话" not in page
    up = [fact(world.clock() - 9 * SECOND, "seat_answered", {"leg_id": leg, "seat": "102"})]
    talking = live(start, "power-95598", "person", window="business", seat="102")
    world.turn(call, up, talking)
    page = lead.get("/board").text
    assert "与座席通话" in page
    assert "正在通话" in page
    assert "座席振铃" not in page
    assert "0:09" in page, "the talk, not the call"


def test_the_length_of_a_talk_is_the_talk(world, as_role):
    call = world.answered(at("09:00"), "13800000001", wait=20, talk=65)
    lead = as_role("lead")
    for path in ("/calls", f"/calls/{call}"):
        assert "1 分 05 秒" in lead.get(path).text, path
    world.abandoned(at("09:30"), "13800000002", wait=50)
    rows = lead.get("/calls.csv").text
    assert "65.1" in rows or "65" in rows


def test_every_fact_of_the_journal_has_a_name_on_pages():
    from tests.docs.test_journal import documented

    named = {*technical.FACTS, *(action.fact for action in ACTIONS.values()), "case_opened", "case_appended"}
    assert set(documented()) - named - {"case_recomputed"} == set()


def test_the_technical_record_says_in_words_what_a_call_was_told(world, as_role):
    call = world.call(at("09:00"), "13800000001", [
        (0.4, "answered", {}), (0.5, "play", {"say": ["greet.std"], "token": "p1"}),
        (0.6, "step", {"step": "person"}), (0.7, "made_up_fact", {"made_up_key": "made_up_word"}),
        (0.8, "seat_failed", {"leg_id": "x", "seat": "102", "reason": "no_answer"}),
        (0.9, "record_done", {"token": "r", "ms": "nonsense", "end": "max"}),
    ])  # fmt: skip
    page = as_role("lead").get(f"/calls/{call}").text
    record = page[page.index('<details class="raw"') :].split("</details>", 1)[0]
    for said in ("步骤：人工服务", "座席：102 二号座席", "原因：无人接听", "结束原因：到最长时间", "您好", "座席未接"):
        assert said in record, said
    assert not re.search(r"made_up|greet\.std|no_answer|seat_failed|\{", record)
    assert "seat_failed" in as_role("lead").get(f"/calls/{call}/record.csv").text, "the file has it as it is stored"
