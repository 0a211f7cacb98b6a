"""People: callers (each encrypted under a key of their own), accounts, log-ins, tokens, drafts, the audit."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from store.schema.base import Base, BigId


class PartyRow(Base):
    """A person: every field encrypted under the party's own key. ``number_hmac`` finds repeat callers."""

    __tablename__ = "parties"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number_hmac: Mapped[str | None] = mapped_column(String(64), index=True)
    number: Mapped[bytes | None] = mapped_column(LargeBinary)
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity: Mapped[bytes | None] = mapped_column(LargeBinary)
    created: Mapped[int]


class PartyKey(Base):
    """The party's data key, wrapped by the master key. Deleting it makes the party unreadable."""

    __tablename__ = "party_keys"
    party_id: Mapped[str] = mapped_column(ForeignKey("parties.id"), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class User(Base):
    """A person who may log in to the panel."""

    __tablename__ = "users"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(20))  # operator, lead, supervisor, admin, custodian
    password: Mapped[str] = mapped_column(String(255))  # argon2 hash
    seat: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[int]
    session_epoch: Mapped[int] = mapped_column(default=0)  # raised to log out everywhere
    must_change: Mapped[bool] = mapped_column(default=False, server_default=false())  # somebody else knows the password
    since: Mapped[int] = mapped_column(default=0, server_default="0")  # when it was made, raised, reset or reopened
    confirmed: Mapped[int | None]  # a custodian: when a supervisor confirmed it
    confirmed_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    full_name: Mapped[str] = mapped_column(String(80), default="", server_default="")  # the person's real name
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)  # the second factor's secret, sealed
    totp_new: Mapped[bytes | None] = mapped_column(LargeBinary)  # one that waits for its first code
    totp_step: Mapped[int] = mapped_column(default=0, server_default="0")  # of the last code that was used
    totp_since: Mapped[int | None]
    pin: Mapped[str] = mapped_column(String(255), default="", server_default="")  # hash of what is keyed at a phone


class Login(Base):
    """Somebody who is logged in: of what the browser holds only the hash, and until when at the latest."""

    __tablename__ = "logins"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[int]
    ends: Mapped[int]
    remote: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(200))


class RecoveryCode(Base):
    """A code that stands in once for the second factor; only its hash."""

    __tablename__ = "recovery_codes"
    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class Draft(Base):
    """What somebody is typing, encrypted; one row for each account and form, outside the journal."""

    __tablename__ = "drafts"
    account: Mapped[str] = mapped_column(String(36), primary_key=True)
    form: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[int] = mapped_column(index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Audit(Base):
    """Append-only: every log-in, every look at personal data, every change of settings."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[int] = mapped_column(index=True)
    user: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(String(120), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    remote: Mapped[str] = mapped_column(String(64), default="")


class ApiToken(Base):
    """A token of the JSON API: only its hash, its scopes (space separated) and its end."""

    __tablename__ = "api_tokens"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(120))
    created: Mapped[int]
    expires: Mapped[int]
    revoked: Mapped[int | None]


Index("ix_audit_user_seq", Audit.user, Audit.seq)
Index("ix_audit_action_seq", Audit.action, Audit.seq)
