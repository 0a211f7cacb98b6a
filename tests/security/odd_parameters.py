"""Somebody asks for what cannot be: days at the end of the calendar, other scripts' digits, files without an end.

Before: 500 for the days 9999-12-31 and 0001-01-01, ``limit=²`` and huge numbers; a calendar file until 9999 was counted
through for 14 s; figures of a century for a minute. Now: 400 at once, with what to write.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from ivr.calendar.tables import CalendarError, parse_table
from services import users
from tests.web.demo import World
from web import create_app

QUERIES = (
    "figures?from=9999-12-31", "figures?to=0001-01-01", "figures?from=2000-01-01&to=2099-12-31", "calls?limit=²",
    f"calls?limit={'9' * 5000}", "calls?cursor=²", "cases?from=9999-12-31", "cases?number=%00", "cases?nobody=1",
)  # fmt: skip
TABLE = """calendar = "cn"
year = 2027
title = "t"
source = "https://example.cn"
notice_date = 2026-11-10
weekend = ["sat", "sun"]
[[holiday]]
name = { "zh-CN" = "元旦" }
from = 2027-01-01
to = 9999-12-31
"""


def before(query: str) -> str:
    """What the code of before made of it."""
    name, _equals, text = query.partition("?")[2].partition("&")[0].partition("=")
    try:
        if name in ("from", "to"):
            day = date.fromisoformat(text)
            date.fromordinal(day.toordinal() + 1)  # the end of the day
        elif name == "limit" and text.isdigit():
            int(text)
    except (ValueError, OverflowError) as error:
        return f"500 ({error})"
    return "taken"


def main() -> int:
    """0: each is refused with a remedy, at once."""
    wrong = []
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home))
        with Session(world.engine) as session, session.begin():
            _row, token = users.create_token(
                session, name="attack", scopes=users.SCOPES, now=world.clock(), expires=world.clock() + 86_400_000
            )
        client = create_app(world.config()).test_client()
        for query in QUERIES:
            began = time.perf_counter()
            answer = client.get(f"/api/v1/{query}", headers={"Authorization": f"Bearer {token}"})
            took = time.perf_counter() - began
            print(f"{query[:40]:42} before: {before(query)[:40]:42} now: {answer.status_code} in {took * 1000:.0f} ms")
            if answer.status_code != 400 or not answer.get_json()["detail"]:
                wrong.append(query)
        world.close()
    began = time.perf_counter()
    try:
        parse_table("file", TABLE, unsealed=True)
        wrong.append("a calendar until 9999")
    except CalendarError as error:
        print(f"a calendar until 9999: {error} ({(time.perf_counter() - began) * 1000:.0f} ms)")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
