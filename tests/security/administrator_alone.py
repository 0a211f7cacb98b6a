"""The administrator resets the custodian's password, logs in as custodian and opens a reporter's sealed identity.

Before: that was all it took, and nobody was told. Now the account opens nothing for 24 hours, custodians and
supervisors are told at once, and a custodian the administrator makes waits for a supervisor's word.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from sqlalchemy.orm import Session

from store.people import accounts
from store.schema import InboxRow
from tests.web.conftest import Auth
from tests.web.demo import World, at
from web import create_app

WHO, NEW = "王某，电力公司职工", "another horse, another battery"


def main() -> int:
    """0: the attack fails."""
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home))
        world.people()
        app = create_app(world.config())
        browser = {role: Auth(app.test_client()) for role in ("operator", "supervisor", "admin")}
        for role, each in browser.items():
            each.login(role)
        _call, case = world.complaint(at("11:41"), "13987654321", kind="report", category="", anonymous=True)
        browser["operator"].send(f"/cases/{case.id}", f"/cases/{case.id}/identity/seal", identity=WHO)
        browser["supervisor"].send(f"/cases/{case.id}", f"/cases/{case.id}/identity/ask", reason="纪委来函核实")
        with Session(world.engine) as session:
            found = accounts.find_user(session, "custodian")
            assert found is not None
            ident = found.id
        shown = browser["admin"].send("/users", f"/users/{ident}/password").text
        found_password = re.search(r'class="secret">([^<]+)<', shown)
        assert found_password is not None
        thief = Auth(app.test_client())
        thief.login("custodian", found_password[1])
        thief.send("/password", old=found_password[1], new=NEW, again=NEW)
        found_request = re.search(r'action="/identities/([^"]+)"', thief.client.get("/identities").text)
        assert found_request is not None
        page = thief.send("/identities", f"/identities/{found_request[1]}", decision="open", reason="函号核对无误").text
        with Session(world.engine) as session:
            told = sorted(row.recipient for row in session.query(InboxRow) if row.kind == "account_reset")
        world.close()
    print(f"the thief reads: {WHO if WHO in page else 'nothing'}; told at once: {', '.join(told) or 'nobody'}")
    return 0 if WHO not in page and told == ["role:custodian", "role:supervisor"] else 1


if __name__ == "__main__":
    sys.exit(main())
