"""SAT-1: how one citizen rated one service is in no operator's page, list, file or inbox; a lead sees it (B10)."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from store.people import accounts
from store.schema import InboxRow
from tests.support.history import Caller
from tests.web.demo import World, at

SORRY, THANKS = "rate.sorry", "rate.thanks"
IN_WORDS = {SORRY: "很抱歉没有让您满意", THANKS: "谢谢您的评价"}


def rated(world: World, rating: int | None, number: str = "13700001111") -> str:
    """A talk at seat 101 and its rating by keys, with what the caller hears after it; the call's id."""
    said = SORRY if rating and rating >= 4 else THANKS
    call = Caller(world.ledger, at("09:30"), number=number).arrives().asks_for_a_person()
    call.rings("101").answered_by("101", after=4000).tell(("rating_invited", {}), ("play", {"say": ["rate.ask"]}))
    if rating:
        call.tell(("digit", {"key": "•"}), ("rated", {"rating": str(rating)}), ("play", {"say": [said]}), after=3000)
        call.tell(("play_done", {"token": "t9"}), after=9000 if said == SORRY else 4000)
    call.tell(("step", {"step": "bye"}), after=100).ends(by="us", cause="")
    return call.call_id


def without_ids(page: str, call: str) -> str:
    """The page without what is another in each call and at each look."""
    page = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", page.replace(call, "ID"))
    return re.sub(r'csrf_token" value="[^"]+"|content="[^"]+"|\?v=\w+|#?\d{6,}', "", page)


def story(page: str) -> list[str]:
    """What is told of the call, without times: these differ between the two calls anyway."""
    rows = re.sub(r"<time[^>]*>.*?</time>|\d+:\d\d(?::\d\d)?(?:\.\d+)?|\+?\d+(?:\.\d)? ?秒", "", page, flags=re.S)
    return re.findall(r"[\u4e00-\u9fff·a-z_.]{2,}", re.sub(r"<[^>]+>", " ", rows))


def test_an_operators_page_of_a_call_reads_the_same_whatever_was_rated(world, as_role):
    bad, good = rated(world, 5), rated(world, 1, "13700002222")
    client = as_role("operator")
    pages = [client.get(f"/calls/{call}").text for call in (bad, good)]
    for page in pages:
        assert not any(word in page for word in (*IN_WORDS, *IN_WORDS.values()))
        assert "非常不满意" not in page and "非常满意" not in page
        assert "邀请来电人评价" in page, "that somebody was asked is no rating"
    assert story(without_ids(pages[0], bad)) == story(without_ids(pages[1], good))


def test_the_length_of_what_was_said_after_the_rating_is_not_shown_either(world, as_role):
    bad = rated(world, 5)
    page = as_role("operator").get(f"/calls/{bad}").text
    assert "播放完毕" not in page and "键：•" not in page
    assert "键：•" in as_role("lead").get(f"/calls/{bad}").text


@pytest.mark.parametrize("role", ["lead", "supervisor"])
def test_leads_see_it_whole(world, as_role, role):
    bad = rated(world, 5)
    page = as_role(role).get(f"/calls/{bad}").text
    assert IN_WORDS[SORRY] in page and "非常不满意" in page


def test_who_is_called_back_because_of_a_bad_rating_stands_on_no_operators_list(world, as_role):
    rated(world, 5)
    lead, operator = as_role("lead"), as_role("operator")
    assert "评价不满意" in lead.get("/worklists/followup").text
    page = operator.get("/worklists/followup").text
    assert "没有要回的电话" in page and "1111" not in page
    action = re.search(r'action="(/worklists/followup/[^"/]+)"', lead.get("/worklists/followup").text)[1]
    token = re.search(r'csrf_token" value="([^"]+)"', operator.get("/password").text)[1]
    assert operator.post(action, data={"csrf_token": token, "result": "busy"}).status_code == 404


def test_the_rows_behind_figures_of_ratings_are_for_leads(world, as_role):
    rated(world, 5)
    for figure in ("K16", "K16-rated", "K17"):
        assert as_role("operator").get(f"/figures/{figure}/rows").status_code == 403, figure
        assert as_role("lead").get(f"/figures/{figure}/rows").status_code == 200, figure


def test_a_figure_of_one_rating_is_that_rating_so_it_is_shown_to_leads_only(world, as_role):
    rated(world, 5)
    operator, lead = as_role("operator"), as_role("lead")
    assert "K17" in lead.get("/figures.csv").text and "K17" not in operator.get("/figures.csv").text
    assert "评分" in lead.get("/figures").text
    for n in range(5):
        rated(world, 1, f"1370000333{n}")
    world.clock.advance(600)
    assert "K16" in operator.get("/figures.csv").text, "of six nobody can tell one"


def test_what_owners_were_told_by_versions_before_is_in_no_operators_inbox(world, as_role):
    with Session(world.engine) as session, session.begin():
        assert accounts.find_user(session, "operator")
        row = {"id": "n1", "recipient": "user:operator", "kind": "bad_rating", "case_id": None, "at": world.clock(),
               "event": "e", "key": "e", "data": "{}", "read": None, "read_by": "", "fanned": 1}  # fmt: skip
        session.execute(InboxRow.__table__.insert(), row)
    assert "没有通知" in as_role("operator").get("/inbox").text
    assert "评价不满意" not in as_role("operator").get("/inbox.csv").text
