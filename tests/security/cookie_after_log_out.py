"""A cookie that was copied (a shared machine, a proxy's log) opens the panel after its owner has logged out.

Before: the cookie was all there was, and logging out only took it from the owner's own browser.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.web.conftest import Auth
from tests.web.demo import World
from web import create_app


def main() -> int:
    """0: the attack fails."""
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home))
        world.people()
        app = create_app(world.config())
        owner, thief = Auth(app.test_client()), app.test_client()
        owner.login("lead")
        cookie = owner.client.get_cookie("hotline")
        assert cookie is not None
        thief.set_cookie("hotline", cookie.value)
        before = thief.get("/board").status_code
        owner.logout()
        thief.set_cookie("hotline", cookie.value)
        after = thief.get("/board").status_code
        world.close()
    print(f"with the copied cookie: {before} while the owner is in, {after} after the log-out")
    return 0 if (before, after) == (200, 302) else 1


if __name__ == "__main__":
    sys.exit(main())
