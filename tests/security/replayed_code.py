"""Somebody who saw password and code (over a shoulder, on a false page) types both again within the half minute."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import pyotp

from tests.web.conftest import Auth
from tests.web.demo import PASSWORD, World
from web import create_app


def main() -> int:
    """0: the attack fails."""
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home))
        world.people()
        app = create_app(world.config())
        owner = Auth(app.test_client())
        owner.login("admin")
        owner.send("/second-factor", do="begin")
        found = re.search(r'"secret">([A-Z2-7]{32})<', owner.client.get("/second-factor").text)
        assert found is not None
        phone = pyotp.TOTP(found[1])
        owner.send("/second-factor", do="confirm", password=PASSWORD, code=phone.at(world.clock() // 1000))
        world.clock.advance(30)
        code, opened = phone.at(world.clock() // 1000), []
        for browser in (Auth(app.test_client()), Auth(app.test_client())):  # the owner, then the thief
            browser.login("admin")
            browser.send("/log-in/code", code=code)
            opened.append(browser.client.get("/users").status_code)
        world.close()
    print(f"the owner with the code: {opened[0]}; the thief with the same one: {opened[1]}")
    return 0 if opened == [200, 302] else 1


if __name__ == "__main__":
    sys.exit(main())
