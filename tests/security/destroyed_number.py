"""Whoever has disk and keys looks for a number that was destroyed, in the raw files of a running hotline.

Before: the anonymous reporter's key was deleted from the table, but `hotline.db-wal` still held the page it had stood
on, so the number could be read until the hotline ended. Now: sealing ends with a checkpoint that truncates; `kill -9`
changes nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordings.keys import KEY_BYTES, NONCE_BYTES, KeyProblem, KeyRing
from store.engine import open_engine, reading
from store.journal.sql_ledger import SqlLedger
from store.upgrade import upgrade
from tests.support.history import Caller, number_for

NUMBER = "13900002222"
TAG = 16
PARTY = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
NEAR = 400  # bytes after a person's id in which the encrypted number stands


def numbers_in(folder: Path, ring: KeyRing) -> set[str]:
    """The attack: every data key and every number that the master keys open anywhere in the files' bytes."""
    raw = b"".join(path.read_bytes() for path in sorted(folder.glob("hotline.db*")) + sorted(folder.glob("spool*")))
    keys = set(_data_keys(raw, ring))
    sealed = NONCE_BYTES + len(NUMBER) + TAG
    found = set()
    for party in PARTY.finditer(raw):
        for start in range(party.end(), min(party.end() + NEAR, len(raw) - sealed)):
            nonce, rest = raw[start : start + NONCE_BYTES], raw[start + NONCE_BYTES : start + sealed]
            for key in keys:
                try:
                    found.add(AESGCM(key).decrypt(nonce, rest, party[0] + b":number").decode())
                except InvalidTag:
                    continue
    return found


def _data_keys(raw: bytes, ring: KeyRing) -> Iterator[bytes]:
    for name in ring.ids:
        head = bytes([1, len(name)]) + name.encode()
        size = len(head) + NONCE_BYTES + KEY_BYTES + TAG
        for place in re.finditer(re.escape(head), raw):
            try:
                yield ring.unwrap(raw[place.start() : place.start() + size])
            except KeyProblem:
                continue


def victim(folder: Path) -> None:
    """A calls process: somebody calls; at a word their key is destroyed; then it goes on, with readers beside it."""
    engine = open_engine(folder)
    ledger = SqlLedger(engine, KeyRing.open(folder / "keys"), owner="n", spool=folder / "spool.jsonl",
                       number_for=number_for)  # fmt: skip
    with reading(engine).connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM parties").scalar()  # so the log outlives the calls process, too
    caller = Caller(ledger, number=NUMBER).arrives()
    ledger.flush()
    print("stored", flush=True)
    sys.stdin.readline()
    caller.tell(("digit", {"key": "1"}), seal_party=caller.party)
    ledger.flush()
    print("destroyed", flush=True)
    sys.stdin.readline()


def main() -> int:
    """0: the attack fails."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        upgrade(folder)
        ring = KeyRing.open(folder / "keys")
        command = [sys.executable, "-m", "tests.security.destroyed_number", home]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin and process.stdout
        try:
            assert process.stdout.readline() == "stored\n"
            before = numbers_in(folder, ring)
            print(f"while the number is kept, disk and keys show: {before or 'nothing'}")
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "destroyed\n"
            after = numbers_in(folder, ring)
        finally:
            process.kill()
            process.wait()
        killed = numbers_in(folder, ring)
    print(f"destroyed, the hotline still runs: {after or 'nothing'}; killed by -9: {killed or 'nothing'}")
    return 0 if before == {NUMBER} and not after | killed else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        victim(Path(sys.argv[1]))
    else:
        sys.exit(main())
