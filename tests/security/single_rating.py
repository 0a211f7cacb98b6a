"""An operator looks into the journey of their own call for how the caller rated them.

Before: the rating was left out, but not what the caller was told after it: 播放 rate.sorry. Now nothing between the
invitation and the next step is shown to an operator.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.support.history import Caller
from tests.web.demo import PASSWORD, World, at
from web import create_app


def main() -> int:
    """0: the attack fails."""
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home))
        world.people()
        call = Caller(world.ledger, at("09:30")).arrives().asks_for_a_person()
        call.rings("101").answered_by("101", after=4000).tell(("rating_invited", {}))
        call.tell(("rated", {"rating": "5"}), ("play", {"say": ["rate.sorry"]}), after=3000).ends()
        seen = {}
        for role in ("lead", "operator"):
            client = create_app(world.config()).test_client()
            token = re.search(r'csrf_token" value="([^"]+)"', client.get("/log-in").text)
            assert token
            client.post("/log-in", data={"csrf_token": token[1], "name": role, "password": PASSWORD})
            page = client.get(f"/calls/{call.call_id}").text
            assert "邀请来电人评价" in page
            seen[role] = [word for word in ("rate.sorry", "很抱歉没有让您满意", "非常不满意", "rated") if word in page]
        world.close()
    print(f"the lead sees: {', '.join(seen['lead'])}; the operator: {', '.join(seen['operator']) or 'nothing'}")
    return 0 if seen["lead"] and not seen["operator"] else 1


if __name__ == "__main__":
    sys.exit(main())
