"""The key ring: the newest key encrypts, all decrypt, nobody else can read."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.keys import INDEX, KeyProblem, KeyRing

RING = KeyRing({"a": b"a" * 32})


def b64(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_encrypted_decrypts_and_shows_nothing(data: bytes, aad: bytes) -> None:
    token = RING.encrypt(data, aad)
    assert RING.decrypt(token, aad) == data
    assert len(data) < 8 or data not in token
    assert RING.encrypt(data, aad) != token


@given(st.data())
def test_a_change_of_any_bit_is_noticed(data: st.DataObject) -> None:
    token = bytearray(RING.encrypt(b"13800138000", b"parties/7"))
    at = data.draw(st.integers(0, len(token) * 8 - 1))
    token[at // 8] ^= 1 << at % 8
    with pytest.raises(KeyProblem):
        RING.decrypt(bytes(token), b"parties/7")


@given(st.binary(max_size=60))
def test_junk_is_refused_as_such(junk: bytes) -> None:
    with pytest.raises(KeyProblem):
        RING.decrypt(junk)


def test_a_token_moved_to_another_row_is_refused() -> None:
    token = RING.encrypt(b"13800138000", b"parties/7")
    with pytest.raises(KeyProblem, match="another place"):
        RING.decrypt(token, b"parties/8")


def test_a_wrapped_key_is_not_taken_for_data() -> None:
    assert RING.unwrap(RING.wrap(b"k" * 32)) == b"k" * 32
    with pytest.raises(KeyProblem):
        RING.decrypt(RING.wrap(b"k" * 32))


def test_first_use_makes_a_private_folder_and_private_keys(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "keys"
    ring = KeyRing.open(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}
    again = KeyRing.open(folder)
    assert again.ids == ring.ids
    assert again.decrypt(ring.encrypt(b"x")) == b"x"
    assert again.hmac(b"13800138000") == ring.hmac(b"13800138000")


def test_rotation_encrypts_with_the_new_key_and_still_reads_the_old(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path)
    other = KeyRing.open(tmp_path)  # another process
    old, number = ring.encrypt(b"before"), ring.hmac(b"13800138000")
    new_id = ring.rotate()
    new = ring.encrypt(b"after")
    assert KeyRing.key_id(new) == new_id == ring.ids[-1]
    assert ring.outdated(old) and not ring.outdated(new)
    assert ring.decrypt(old) == b"before"
    assert other.decrypt(new) == b"after"  # notices the rotation by itself
    assert KeyRing.open(tmp_path).decrypt(new) == b"after"
    assert ring.hmac(b"13800138000") == number  # callers are still found


def test_two_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from recordings.keys import KeyRing; "
        "print(KeyRing.open(Path(sys.argv[1])).ids)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "keys")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({p.communicate(timeout=60)[0] for p in both}) == 1
    assert len(list((tmp_path / "keys").glob("*.key"))) == 2  # one master key, one for look-ups


def test_a_key_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    KeyRing.open(tmp_path)
    key = next(p for p in tmp_path.glob("*.key") if p.stem != INDEX)
    key.chmod(0o644)
    with pytest.raises(KeyProblem, match=f"chmod 600 {key}"):
        KeyRing.open(tmp_path)


def test_a_damaged_key_file_is_named_and_not_replaced(tmp_path: Path) -> None:
    KeyRing.open(tmp_path)
    key = next(p for p in tmp_path.glob("*.key") if p.stem != INDEX)
    key.write_text("oops")
    with pytest.raises(KeyProblem, match=key.name):
        KeyRing.open(tmp_path)
    assert key.read_text() == "oops"


def test_a_lost_key_is_named(tmp_path: Path) -> None:
    token = KeyRing({"old": b"o" * 32}).encrypt(b"x")
    with pytest.raises(KeyProblem, match=r"key 'old' is missing .*restore it from the back-up"):
        KeyRing.open(tmp_path).decrypt(token)


def test_keys_from_the_environment_come_before_the_folder(tmp_path: Path) -> None:
    value = f"old:{b64('o')}, new:{b64('n')}, index:{b64('i')}"
    ring = KeyRing.load(tmp_path / "keys", {"HOTLINE_KEY": value})
    assert ring.ids == ("old", "new")
    assert not (tmp_path / "keys").exists()
    assert ring.decrypt(KeyRing({"old": b"o" * 32}).encrypt(b"x")) == b"x"
    assert ring.hmac(b"1") == KeyRing({"z": b"z" * 32}, index=b"i" * 32).hmac(b"1")
    assert KeyRing.load(tmp_path / "keys", {"HOTLINE_KEY": " "}).ids != ring.ids
    assert KeyRing.parse(b64("o")).ids == KeyRing.parse(b64("o")).ids  # a key without an id gets a lasting one
    with pytest.raises(KeyProblem, match="HOTLINE_KEY"):
        ring.rotate()


@pytest.mark.parametrize("value", ["short", f"a:{b64('x')[:-4]}", f"a b:{b64('x')}", f"index:{b64('x')}", ",", "a:"])
def test_a_wrong_environment_key_is_refused(value: str) -> None:
    with pytest.raises(KeyProblem):
        KeyRing.parse(value)
