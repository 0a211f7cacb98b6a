"""Accounts, tokens and audit rows, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services import users
from store.people import accounts
from store.schema import Audit, User

NOW = 1_795_665_600_000
GOOD = "a long enough password"


class Plain:
    """A hasher whose work can be seen; the real one is tested with the panel."""

    version = 1

    def __init__(self):
        self.hashed = 0

    def hash(self, password):
        self.hashed += 1
        return f"{self.version}:{password}"

    def verify(self, hashed, password):
        return hashed.partition(":")[2] == password

    def outdated(self, hashed):
        return not hashed.startswith(f"{self.version}:")


@pytest.fixture
def session(engine):
    with Session(engine) as session, session.begin():
        yield session


@pytest.fixture
def hasher():
    return Plain()


def _user(session, hasher, name="wang", role="lead"):
    return users.create_user(session, name=name, password=users.hashed(hasher, name, GOOD), role=role, now=1000)


def _enter(session, hasher, name, password):
    """As the panel lets somebody in: looked up, checked outside of any transaction, written down."""
    user = accounts.find_user(session, name)
    if not users.is_right(hasher, user.password if user else None, password) or user is None:
        return None
    fresh = hasher.hash(password) if hasher.outdated(user.password) else None
    return users.let_in(session, user.id, user.password, fresh)


def test_the_right_password_finds_the_account(session, hasher):
    user = _user(session, hasher)
    assert _enter(session, hasher, "wang", GOOD) is user
    assert _enter(session, hasher, "wang", "wrong") is None


def test_an_unknown_name_costs_as_much_work_as_a_known_one(session, hasher):
    assert _enter(session, hasher, "nobody", GOOD) is None
    assert hasher.hashed == 1


def test_a_closed_account_does_not_log_in(session, hasher):
    user = _user(session, hasher)
    users.set_active(session, user, False, NOW)
    assert _enter(session, hasher, "wang", GOOD) is None


def test_an_old_hash_is_renewed_at_log_in(session, hasher):
    user = _user(session, hasher)
    hasher.version = 2
    _enter(session, hasher, "wang", GOOD)
    assert user.password == f"2:{GOOD}"


def test_an_endless_password_is_not_hashed(session, hasher):
    _user(session, hasher)
    before = hasher.hashed
    assert _enter(session, hasher, "wang", "x" * 100_000) is None
    assert hasher.hashed == before


@pytest.mark.parametrize(
    ("name", "password", "role", "code"),
    [
        ("wang", GOOD, "lead", "name_taken"),
        ("two words", GOOD, "lead", "bad_name"),
        ("", GOOD, "lead", "bad_name"),
        ("li", GOOD, "king", "bad_role"),
        ("li", "short", "lead", "short_password"),
        ("li", "x" * 257, "lead", "long_password"),
        ("li", "ababababab", "lead", "common_password"),
        ("long.enough.name", "Long.Enough.Name", "lead", "named_password"),
    ],
)
def test_what_is_not_allowed_has_a_code(session, hasher, name, password, role, code):
    _user(session, hasher)
    with pytest.raises(users.UserError) as caught:
        fresh = users.hashed(hasher, name, password)
        users.create_user(session, name=name, password=fresh, role=role, now=1000)
    assert caught.value.code == code


def test_new_password_role_and_closing_end_every_session(session, hasher):
    user = _user(session, hasher)
    epochs = [user.session_epoch]
    users.change_password(session, user, users.hashed(hasher, user.name, GOOD + "!"))
    epochs.append(user.session_epoch)
    users.change_user(session, user, role="supervisor", seat="", now=NOW)
    epochs.append(user.session_epoch)
    users.set_active(session, user, False, NOW)
    epochs.append(user.session_epoch)
    assert epochs == [0, 1, 2, 3]


def test_the_last_active_administrator_stays(session, hasher):
    first = _user(session, hasher, "first", "admin")
    second = _user(session, hasher, "second", "admin")
    users.set_active(session, second, False, NOW)
    for change in (
        lambda: users.set_active(session, first, False, NOW),
        lambda: users.change_user(session, first, role="lead", seat="", now=NOW),
    ):
        with pytest.raises(users.UserError, match="last_admin"):
            change()
    users.set_active(session, second, True, NOW)
    users.set_active(session, first, False, NOW)


def test_nothing_is_kept_when_the_transaction_fails(engine, hasher):
    with pytest.raises(RuntimeError), Session(engine) as session, session.begin():
        _user(session, hasher)
        users.audit(session, at=1, user="admin", action="user.add")
        raise RuntimeError
    with Session(engine) as session:
        assert session.scalars(select(User)).all() == []
        assert session.scalars(select(Audit)).all() == []


def test_a_token_is_known_by_its_hash_until_it_ends(session):
    row, clear = users.create_token(session, name="city", scopes=["cases:read"], now=1000, expires=2000)
    assert clear not in (row.hash, row.id, row.name)
    assert accounts.find_token(session, clear, 1999) is row
    assert accounts.find_token(session, clear, 2000) is None
    assert accounts.find_token(session, clear + "x", 1500) is None
    users.revoke_token(session, row.id, 1500)
    assert accounts.find_token(session, clear, 1600) is None
    users.revoke_token(session, row.id, 1700)
    assert row.revoked == 1500


@pytest.mark.parametrize(
    ("name", "scopes", "expires", "code"),
    [
        (" ", ["cases:read"], 2000, "bad_token_name"),
        ("x", [], 2000, "no_scope"),
        ("x", ["everything"], 2000, "bad_scope"),
        ("x", ["cases:read"], 1000 + 367 * 86_400_000, "long_expiry"),
        ("x", ["cases:read"], 1000, "past_expiry"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(session, name, scopes, expires, code):
    with pytest.raises(users.UserError, match=code):
        users.create_token(session, name=name, scopes=scopes, now=1000, expires=expires)


def test_an_audit_row_never_fails_for_being_long(session):
    users.audit(session, at=1, user="u" * 500, action="a" * 500, target="t" * 500, detail="d" * 9000, remote="r" * 500)
    session.flush()
    assert len(session.scalars(select(Audit)).one().detail) == 2000


def test_a_password_that_was_changed_while_it_was_looked_at_lets_nobody_in(session, hasher):
    user = _user(session, hasher)
    seen = user.password
    users.change_password(session, user, users.hashed(hasher, user.name, GOOD + "!"))
    assert users.let_in(session, user.id, seen, None) is None
