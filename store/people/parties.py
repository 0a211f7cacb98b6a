"""People's details: each person under a key of their own, which can be destroyed (B10, A5 no. 16).

Number, name and identity are AES-256-GCM under the party's data key, and that key is wrapped by the key
ring. Destroying it (:func:`seal`) makes the person unreadable at once, here and in every backup made since.
Repeat callers are found by an HMAC of the number, so the number itself is nowhere in the clear.
"""

from __future__ import annotations

import hmac
import random
import secrets
from collections.abc import Collection, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select, update

from ivr.cases.numbers import QUERY_CODE_DIGITS, query_code
from ivr.ledger import Party
from ivr.numbers import HOME, Plan, key_of
from store.errors import StoreError
from store.keys import Keys
from store.sql import rows_by, table

PARTIES, PARTY_KEYS, CASES = table("parties"), table("party_keys"), table("cases")
FIELDS = ("number", "name", "identity")
NONCE = 12  # bytes, as AES-GCM wants it


class PartyTampered(StoreError, ValueError):
    """A person's row does not open with its key: it was changed outside of this program."""


class Parties:
    """Read, write and destroy people's details, inside the caller's transaction.

    ``plan``: how numbers are read here, so that one citizen is one person however their number is written.
    """

    def __init__(self, keys: Keys, plan: Plan = HOME) -> None:
        self._keys, self._plan = keys, plan

    def write(self, connection: Connection, party: Party, at: int) -> None:
        """Store a person, or add to one (empty fields change nothing). A sealed person stays sealed."""
        self.write_all(connection, [(party, at)])

    def write_all(self, connection: Connection, parties: Sequence[tuple[Party, int]]) -> None:
        """Store many persons of one transaction, each with its moment (UTC ms)."""
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
            name: encrypt_field(key, party.id, name, value) for name in FIELDS if (value := getattr(party, name))
        }
        if party.number.strip():
            fields["number_hmac"] = self.number_hmac(party.number)
        return fields

    def read(self, connection: Connection, party_id: str) -> Party | None:
        """The person, or None: never known, or sealed. Every look is to be audited by whoever calls this."""
        row = connection.execute(select(PARTIES).where(PARTIES.c.id == party_id)).mappings().first()
        key = self._key(connection, party_id)
        if row is None or key is None:
            return None
        return Party(party_id, *(decrypt_field(key, party_id, name, row[name]) for name in FIELDS))

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
                found[party_id] = decrypt_field(key, party_id, "number", number)
        return found

    def seal(self, connection: Connection, party_id: str) -> None:
        """Destroy the person's key, number HMAC and fields; nothing brings them back."""
        connection.execute(delete(PARTY_KEYS).where(PARTY_KEYS.c.party_id == party_id))
        nothing = {name: None for name in (*FIELDS, "number_hmac")}
        connection.execute(update(PARTIES).where(PARTIES.c.id == party_id).values(nothing))

    def number_hmac(self, number: str) -> str:
        """The name a number goes by in the table."""
        return self._keys.hmac(b"number:" + key_of(number, self._plan).encode())

    def _key(self, connection: Connection, party_id: str) -> bytes | None:
        wrapped = connection.scalar(select(PARTY_KEYS.c.wrapped).where(PARTY_KEYS.c.party_id == party_id))
        return None if wrapped is None else self._keys.unwrap(wrapped)


def query_code_of(keys: Keys, command_id: str, attempt: int = 0) -> str:
    """The query code 查询码 of an anonymous report: it follows from the case's command, for who holds the keys.

    So a report that is asked for again after a crash gets the code that may have been spoken already.
    ``attempt``: one more for each code that belongs to another case.
    """
    seed = keys.hmac(f"query-code:{command_id}:{attempt}".encode())
    dice = random.Random(int(seed, 16))  # noqa: S311 - no secret but the seed, which only the keys can make
    return query_code(dice, QUERY_CODE_DIGITS[1])


def hash_query_code(keys: Keys, code: str) -> str:
    """What is stored of a query code: useless without the keys, and the same each time, so that it is found."""
    return f"h2${keys.hmac(f'query-code={code}'.encode())}"


def check_query_code(keys: Keys, code: str, stored: str | None) -> bool:
    """Whether ``code`` is the query code of the case whose ``query_hash`` is ``stored`` (also of the older, salted
    form ``h1$salt$hash``)."""
    parts = (stored or "").split("$")
    if len(parts) == 3 and parts[0] == "h1":
        expected = f"h1${parts[1]}${keys.hmac(f'query:{parts[1]}:{code}'.encode())}"
    else:
        expected = hash_query_code(keys, code)
    return hmac.compare_digest(expected, stored or "")


def cases_of_code(connection: Connection, keys: Keys, code: str) -> list[str]:
    """The ids of the anonymous cases with this query code: none or one, unless codes were given while the
    database was away."""
    rings = [ring for ring in (keys, keys.former) if ring is not None]
    hashes = [hash_query_code(ring, code) for ring in rings]
    found = list(connection.scalars(select(CASES.c.id).where(CASES.c.query_hash.in_(hashes))))
    salted = select(CASES.c.id, CASES.c.query_hash).where(CASES.c.query_hash >= "h1$", CASES.c.query_hash < "h1%")
    return found + [
        id_ for id_, stored in connection.execute(salted) if any(check_query_code(ring, code, stored) for ring in rings)
    ]


def encrypt_field(key: bytes, party_id: str, name: str, value: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, value.encode(), f"{party_id}:{name}".encode())


def decrypt_field(key: bytes, party_id: str, name: str, sealed: bytes | None) -> str:
    if sealed is None:
        return ""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], f"{party_id}:{name}".encode()).decode()
    except InvalidTag as error:
        raise PartyTampered(f"party {party_id}: {name} was changed outside of this program") from error
