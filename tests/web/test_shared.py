"""What is dear to make is made once for all who ask, and made anew beside those who read what was made before."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.web.demo import World
from web.swr_cache import SwrCache


@pytest.fixture
def request_(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.mark.usefixtures("request_")
def test_within_the_time_it_is_made_once(world: World) -> None:
    made: list[int] = []
    shared = SwrCache[str, int](kept_ms=1000)
    assert [shared.get("a", lambda: made.append(1) or 7) for _ in range(3)] == [7, 7, 7]
    world.clock.ms += 1000
    shared.get("a", lambda: made.append(2) or 8)
    assert made == [1, 2], "what is too old is made anew before the answer"


@pytest.mark.usefixtures("request_")
def test_what_is_old_is_given_once_more_and_made_anew_beside(world: World) -> None:
    done = threading.Event()
    shared = SwrCache[str, str](kept_ms=1000, stale_ms=5000)
    shared.get("a", lambda: "old")
    world.clock.ms += 1500

    def anew() -> str:
        done.set()
        return "new"

    assert shared.get("a", anew) == "old", "nobody waits"
    assert done.wait(60)
    for thread in [one for one in threading.enumerate() if one.name == "figures"]:
        thread.join(60)
    assert shared.get("a", lambda: pytest.fail("made already")) == "new"
    world.clock.ms += 5000
    assert shared.get("a", lambda: "newest") == "newest", "what is older than that is waited for"


@pytest.mark.usefixtures("request_")
def test_who_cannot_make_it_anew_leaves_what_was_there(world: World) -> None:
    shared = SwrCache[str, str](kept_ms=1000, stale_ms=60_000)
    shared.get("a", lambda: "old")
    world.clock.ms += 1500
    shared.get("a", lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    for thread in [one for one in threading.enumerate() if one.name == "figures"]:
        thread.join(60)
    assert shared.get("a", lambda: "new") == "old"
