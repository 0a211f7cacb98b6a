"""People's details: each person under a key of their own, which can be destroyed (B10, A5 no. 16).

Number, name and identity are AES-256-GCM under the party's data key, and that key is wrapped by the key
ring. Destroying it (:func:`seal`) makes the person unreadable at once, here and in every backup made since.
Repeat callers are found by an HMAC of the number, so the number itself is nowhere in the clear.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select, update

from ivr.ledger import Party
from ivr.store.keys import Keys
from ivr.store.sql import rows_by, table

PARTIES, PARTY_KEYS = table("parties"), table("party_keys")
FIELDS = ("number", "name", "identity")
NONCE = 12  # bytes, as AES-GCM wants it


def normalise(number: str) -> str:
    """Digits of a number as dialled in the country, so that one person has one HMAC.

    >>> normalise("+86 138-0000-0000"), normalise("0086 371 1234567"), normalise("0371-1234567")
    ('13800000000', '03711234567', '03711234567')
    """
    digits = re.sub(r"\D", "", number)
    international = number.strip().startswith("+86") or digits.startswith("0086")
    if not international:
        return digits
    national = digits.removeprefix("00").removeprefix("86")
    mobile = len(national) == 11 and national.startswith("1")
    return national if mobile or national.startswith("0") else "0" + national


class Parties:
    """Read, write and destroy people's details, inside the caller's transaction."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def write(self, connection: Connection, party: Party, at: int) -> None:
        """Store a person, or add to one (empty fields change nothing). A sealed person stays sealed."""
        self.write_all(connection, [(party, at)])

    def write_all(self, connection: Connection, parties: Sequence[tuple[Party, int]]) -> None:
        """The same for many, each with the moment (UTC ms): those of one transaction go in together."""
        known = rows_by(connection, "parties", "id", {party.id for party, _ in parties})
        new: dict[str, tuple[dict[str, object], dict[str, object]]] = {}
        for party, at in parties:
            if party.id in known or party.id in new:
                if party.id in new:  # told of twice in one transaction: it must be there to be added to
                    self._insert(connection, [new.pop(party.id)])
                    known[party.id] = {}
                self._add(connection, party)
            else:
                new[party.id] = self.fresh(party, at)
        self._insert(connection, list(new.values()))

    def _insert(self, connection: Connection, rows: Sequence[tuple[dict[str, object], dict[str, object]]]) -> None:
        if rows:
            nothing: dict[str, object] = dict.fromkeys((*FIELDS, "number_hmac"))
            connection.execute(insert(PARTIES), [nothing | row for row, _ in rows])
            connection.execute(insert(PARTY_KEYS), [wrapped for _, wrapped in rows])

    def _add(self, connection: Connection, party: Party) -> None:
        key = self._key(connection, party.id)
        fields = self._fields(party, key) if key is not None else {}
        if fields:
            connection.execute(update(PARTIES).where(PARTIES.c.id == party.id).values(fields))

    def fresh(self, party: Party, at: int) -> tuple[dict[str, object], dict[str, object]]:
        """The rows of a person nobody has stored yet: in ``parties`` and in ``party_keys``."""
        key = secrets.token_bytes(32)
        row = {"id": party.id, "created": at, **self._fields(party, key)}
        return row, {"party_id": party.id, "wrapped": self._keys.wrap(key)}

    def _fields(self, party: Party, key: bytes) -> dict[str, object]:
        fields: dict[str, object] = {
            name: _seal(key, party.id, name, value) for name in FIELDS if (value := getattr(party, name))
        }
        if party.number:
            fields["number_hmac"] = self.number_hmac(party.number)
        return fields

    def read(self, connection: Connection, party_id: str) -> Party | None:
        """The person, or None: never known, or sealed. Every look is to be audited by whoever calls this."""
        row = connection.execute(select(PARTIES).where(PARTIES.c.id == party_id)).mappings().first()
        key = self._key(connection, party_id)
        if row is None or key is None:
            return None
        return Party(party_id, *(_open(key, party_id, name, row[name]) for name in FIELDS))

    def numbers(self, connection: Connection, party_ids: Collection[str]) -> dict[str, str]:
        """The numbers of many at once, by party id; who is sealed or has none is left out."""
        query = (
            select(PARTIES.c.id, PARTIES.c.number, PARTY_KEYS.c.wrapped)
            .join(PARTY_KEYS, PARTY_KEYS.c.party_id == PARTIES.c.id)
            .where(PARTIES.c.id.in_(party_ids), PARTIES.c.number.is_not(None))
        )
        found = {}
        for party_id, number, wrapped in connection.execute(query):
            if key := self._keys.unwrap(wrapped):
                found[party_id] = _open(key, party_id, "number", number)
        return found

    def seal(self, connection: Connection, party_id: str) -> None:
        """Destroy the person's key, number HMAC and fields; nothing brings them back."""
        connection.execute(delete(PARTY_KEYS).where(PARTY_KEYS.c.party_id == party_id))
        nothing = {name: None for name in (*FIELDS, "number_hmac")}
        connection.execute(update(PARTIES).where(PARTIES.c.id == party_id).values(nothing))

    def same_number(self, connection: Connection, number: str) -> list[str]:
        """The ids of everybody who called from this number, oldest first."""
        query = select(PARTIES.c.id).where(PARTIES.c.number_hmac == self.number_hmac(number))
        return list(connection.scalars(query.order_by(PARTIES.c.created, PARTIES.c.id)))

    def number_hmac(self, number: str) -> str:
        """The name a number goes by in the table."""
        return self._keys.hmac(b"number:" + normalise(number).encode())

    def _key(self, connection: Connection, party_id: str) -> bytes | None:
        wrapped = connection.scalar(select(PARTY_KEYS.c.wrapped).where(PARTY_KEYS.c.party_id == party_id))
        return None if wrapped is None else self._keys.unwrap(wrapped)


def hash_query_code(keys: Keys, code: str, salt: str = "") -> str:
    """What is stored of an anonymous reporter's query code: useless without the keys, and salted."""
    salt = salt or secrets.token_hex(8)
    return f"h1${salt}${keys.hmac(f'query:{salt}:{code}'.encode())}"


def check_query_code(keys: Keys, code: str, stored: str | None) -> bool:
    """Whether ``code`` is the query code of the case whose ``query_hash`` is ``stored``."""
    parts = (stored or "").split("$")
    if len(parts) != 3 or parts[0] != "h1":
        return False
    return hmac.compare_digest(hash_query_code(keys, code, parts[1]), stored or "")


def _seal(key: bytes, party_id: str, name: str, value: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, value.encode(), f"{party_id}:{name}".encode())


def _open(key: bytes, party_id: str, name: str, sealed: bytes | None) -> str:
    if sealed is None:
        return ""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], f"{party_id}:{name}".encode()).decode()
    except InvalidTag as error:
        raise ValueError(f"party {party_id}: {name} was changed outside of this program") from error
