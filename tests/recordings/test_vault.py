"""Call recordings: stored for sure, readable in pieces, and only by the key (requirements B10)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.keys import KeyRing
from recordings.sound import wav_bytes
from recordings.vault import CHUNK, Missing, Tampered, Vault, VaultError

KEY = b"k" * 32


def spool(folder: Path, seconds: float = 20.0) -> Path:
    """A call just recorded, in clear."""
    pcm = np.random.default_rng(7).integers(-9000, 9000, round(seconds * 8000)).astype("<i2").tobytes()
    path = folder / "spool.wav"
    path.write_bytes(wav_bytes(pcm, 8000))
    return path


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault", KEY)


def test_a_recording_goes_in_and_the_clear_file_is_gone(vault: Vault, tmp_path: Path) -> None:
    wav = spool(tmp_path)
    clear = wav.read_bytes()
    item = vault.put(wav, "call7-r1")
    assert (item.bytes, item.sha256, item.ms) == (len(clear), hashlib.sha256(clear).hexdigest(), 20_000)
    assert not wav.exists()
    assert vault.open("call7-r1") == clear
    assert vault.size("call7-r1") == len(clear)
    assert list(vault.ids()) == ["call7-r1"]
    assert not list(vault.folder.rglob("*.part"))


def test_on_disk_there_is_nothing_to_hear_and_nobody_else_may_look(vault: Vault, tmp_path: Path) -> None:
    wav = spool(tmp_path)
    clear = wav.read_bytes()
    stored = vault.put(wav, "a").path
    sealed = stored.read_bytes()
    assert b"RIFF" not in sealed
    assert not any(clear[at : at + 16] in sealed for at in range(0, len(clear), 5000))
    assert stored.stat().st_mode & 0o777 == 0o600
    assert vault.folder.stat().st_mode & 0o777 == stored.parent.stat().st_mode & 0o777 == 0o700


@given(start=st.integers(0, 400_000), length=st.integers(0, 200_000))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_range_is_exactly_those_bytes(vault: Vault, tmp_path: Path, start: int, length: int) -> None:
    if "a" not in vault.ids():
        (tmp_path / "copy").write_bytes((wav := spool(tmp_path)).read_bytes())
        vault.put(wav, "a")
    clear = (tmp_path / "copy").read_bytes()
    assert b"".join(vault.stream("a", start, start + length)) == clear[start : start + length]
    assert b"".join(vault.stream("a", start)) == clear[start:]


def test_a_range_decrypts_only_its_own_pieces(vault: Vault, tmp_path: Path) -> None:
    wav = spool(tmp_path)
    clear = wav.read_bytes()
    path = vault.put(wav, "a").path
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1  # the last piece is damaged
    path.write_bytes(sealed)
    assert b"".join(vault.stream("a", 0, CHUNK)) == clear[:CHUNK]
    with pytest.raises(Tampered, match="piece"):
        vault.open("a")


@given(data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_on_disk_is_noticed(vault: Vault, tmp_path: Path, data: st.DataObject) -> None:
    path = vault.folder.joinpath("ca", "a.hlv")
    if "a" not in vault.ids():
        path = vault.put(spool(tmp_path, 1.0), "a").path
        (tmp_path / "sealed").write_bytes(path.read_bytes())
    path = next(vault.folder.glob("*/a.hlv"))
    sealed = bytearray((tmp_path / "sealed").read_bytes())
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(sealed) * 8 - 1))
        sealed[at // 8] ^= 1 << at % 8
    else:
        sealed = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    path.write_bytes(sealed)
    with pytest.raises(VaultError):
        vault.open("a")


def test_two_recordings_cannot_be_swapped(vault: Vault, tmp_path: Path) -> None:
    a = vault.put(spool(tmp_path), "a").path
    b = vault.put(spool(tmp_path), "b").path
    b.write_bytes(a.read_bytes())
    with pytest.raises(Tampered):
        vault.open("b")


def test_pieces_cannot_be_reordered(vault: Vault, tmp_path: Path) -> None:
    path = vault.put(spool(tmp_path), "a").path
    sealed = path.read_bytes()
    size, piece = len(sealed), CHUNK + 16
    begin = size - (20 * 16000 + 44) - 16 * -(-(20 * 16000 + 44) // CHUNK)
    first, second = sealed[begin : begin + piece], sealed[begin + piece : begin + 2 * piece]
    path.write_bytes(sealed[:begin] + second + first + sealed[begin + 2 * piece :])
    with pytest.raises(Tampered, match="piece 0"):
        vault.open("a")


def test_another_key_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.put(spool(tmp_path), "a")
    with pytest.raises(VaultError, match="cannot be decrypted"):
        Vault(vault.folder, b"x" * 32).open("a")


def test_after_a_rotation_old_recordings_play_and_can_be_rewrapped(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys")
    vault = Vault(tmp_path / "vault", ring)
    wav = spool(tmp_path)
    clear = wav.read_bytes()
    vault.put(wav, "a")
    old = ring.ids[-1]
    ring.rotate()
    assert vault.open("a") == clear
    assert vault.rewrap("a") is True
    assert vault.rewrap("a") is False
    (tmp_path / "keys" / f"{old}.key").unlink()
    assert Vault(tmp_path / "vault", KeyRing.open(tmp_path / "keys")).open("a") == clear


def test_a_deleted_recording_is_gone(vault: Vault, tmp_path: Path) -> None:
    path = vault.put(spool(tmp_path), "a").path
    assert vault.delete("a") is True
    assert not path.exists()
    assert vault.delete("a") is False
    with pytest.raises(Missing, match="no recording a"):
        vault.open("a")


def test_when_it_cannot_be_stored_the_clear_file_stays(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("a file where the folder should be")
    wav = spool(tmp_path)
    with pytest.raises(VaultError, match=rf"was not stored .* it stays in {wav}"):
        Vault(tmp_path / "vault", KEY).put(wav, "a")
    assert wav.exists()


def test_a_disk_that_fills_up_leaves_the_clear_file_and_no_part(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    wav = spool(tmp_path)
    monkeypatch.setattr("recordings.vault.os.fsync", full)
    with pytest.raises(VaultError, match="No space left"):
        vault.put(wav, "a")
    monkeypatch.undo()
    assert wav.exists() and not list(vault.folder.rglob("*.*"))
    assert vault.put(wav, "a").ms == 20_000


def test_a_crash_before_the_clear_file_was_deleted_is_repaired_by_putting_again(vault: Vault, tmp_path: Path) -> None:
    wav = spool(tmp_path)
    clear = wav.read_bytes()
    first = vault.put(wav, "a")
    wav.write_bytes(clear)  # as it lay there when the process was killed
    assert vault.put(wav, "a") == first
    assert not wav.exists()


def test_a_stored_recording_is_never_overwritten_by_another(vault: Vault, tmp_path: Path) -> None:
    wav = spool(tmp_path)
    clear = wav.read_bytes()
    vault.put(wav, "a")
    with pytest.raises(VaultError, match="stored already"):
        vault.put(spool(tmp_path, 3.0), "a")
    assert vault.open("a") == clear
    assert (tmp_path / "spool.wav").exists()


def test_kill_9_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """The clear file or the stored one is whole at every moment: the process is killed at each of its steps."""
    script = (
        "import os, sys; from pathlib import Path; from recordings.vault import Vault\n"
        "left = int(sys.argv[2])\n"
        "def dies(name):\n"
        "    real = getattr(os, name)\n"
        "    def call(*args, **more):\n"
        "        global left\n"
        "        left -= 1\n"
        "        if left < 0: os.kill(os.getpid(), 9)\n"
        "        return real(*args, **more)\n"
        "    return call\n"
        "for name in ('open', 'fsync', 'rename', 'mkdir', 'unlink'): setattr(os, name, dies(name))\n"
        "root = Path(sys.argv[1]); Vault(root / 'vault', b'k' * 32).put(root / 'spool.wav', 'a')\n"
    )
    ended = False
    for step in range(40):
        root = tmp_path / str(step)
        root.mkdir()
        clear = spool(root, 6.0).read_bytes()
        run = subprocess.run([sys.executable, "-c", script, str(root), str(step)], timeout=60, check=False)
        vault = Vault(root / "vault", KEY)
        if (root / "spool.wav").exists():
            assert (root / "spool.wav").read_bytes() == clear
            vault.put(root / "spool.wav", "a")  # what a restarted process does
        assert vault.open("a") == clear
        if run.returncode == 0:
            ended = True
            break
        assert run.returncode == -9
    assert ended and step >= 5


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a wav at all, but long enough to look at"])
def test_a_file_that_is_no_finished_wav_is_refused_and_left(vault: Vault, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(VaultError, match="no finished WAV"):
        vault.put(tmp_path / "x.wav", "a")
    assert (tmp_path / "x.wav").read_bytes() == content


@pytest.mark.parametrize("id", ["../a", "a/b", "", ".", "..", "a\0b", "x" * 200])
def test_an_id_cannot_leave_the_vault(vault: Vault, id: str) -> None:
    with pytest.raises(VaultError, match="no recording id"):
        vault.open(id)


def test_an_abandoned_stream_leaves_no_open_file(vault: Vault, tmp_path: Path) -> None:
    vault.put(spool(tmp_path), "a")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        pieces = vault.stream("a")
        next(pieces)
        pieces.close()
    assert len(os.listdir("/proc/self/fd")) == before
