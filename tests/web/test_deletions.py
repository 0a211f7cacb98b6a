"""B10: what the next run of the retention rules would delete is shown before it does, with the proofs of what went."""

from __future__ import annotations

from ivr.profile import Profile
from store.upkeep import pruning
from store.upkeep.pruning import Keep
from tests.support.history import Caller
from tests.web.conftest import Auth
from tests.web.demo import at
from web import create_app


def test_a_supervisor_sees_what_the_next_run_would_delete_and_what_earlier_ones_did(world):
    Caller(world.ledger, at("09:05")).arrives().ends()
    world.clock.advance(400 * 86_400)

    def rules(now: int):
        return pruning.rules(Profile.load(), Keep(), now)

    client = create_app(world.config(pruning=rules, prune_at="03:00")).test_client()
    Auth(client).login("supervisor")
    assert "下次将删除什么" in client.get("/audit").text
    page = client.get("/audit/deletions").text
    assert "每天 03:00" in page and "首次删除前一天会通知督导" in page
    people = page[page.index('id="ahead-people"') :]
    assert ">1<" in people[: people.index("</tr>")].replace("\n", "").replace(" ", "")
    (rule,) = [rule for rule in rules(world.clock()) if rule.name == "people"]
    pruning.prune(world.engine, rule, lambda ident: True, world.clock, "test")
    after = client.get("/audit/deletions").text
    assert "还没有删除过" not in after and "首次" not in after


def test_where_it_is_switched_off_the_page_says_so(world):
    client = create_app(world.config(prune_at="")).test_client()
    Auth(client).login("admin")
    assert "没有开启自动删除" in client.get("/audit/deletions").text
