"""The vault: call recordings, encrypted at rest, readable in pieces.

Each recording has a random data key, wrapped by the master key, and is AES-256-GCM in chunks, so
that a browser can seek without the whole file being decrypted. Every chunk is bound to the
recording's id, its place and the total size: a changed, moved, swapped or cut file is refused.

File: ``HLV1 | u16 length | wrapped key | u32 chunk size | u64 clear size | chunks (each + 16 bytes tag)``.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import secrets
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordings.errors import RecordingsError
from recordings.keys import KeyProblem, KeyRing, sync_folder

MAGIC = b"HLV1"
CHUNK = 64 * 1024  # bytes: 4 s of telephone audio
TAG = 16
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class VaultError(RecordingsError, RuntimeError):
    """A recording cannot be stored or given out; the text says why and what to do."""


class Missing(VaultError):
    """There is no such recording (never stored, or deleted on time)."""


class Tampered(VaultError):
    """The stored file is not what was put in."""


class Wrapping(Protocol):
    """What the vault needs of a key ring."""

    def wrap(self, key: bytes) -> bytes: ...
    def unwrap(self, token: bytes) -> bytes: ...
    def outdated(self, token: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class VaultItem:
    """One stored recording. ``bytes`` and ``sha256`` are of the clear WAV; ``ms`` is its length."""

    path: Path
    bytes: int
    sha256: str
    ms: int


@dataclass(frozen=True, slots=True)
class _Head:
    wrapped: bytes
    chunk: int
    size: int

    def pack(self) -> bytes:
        numbers = struct.pack(">IQ", self.chunk, self.size)
        return MAGIC + struct.pack(">H", len(self.wrapped)) + self.wrapped + numbers


class Vault:
    """Encrypted recordings under one folder (0700)."""

    def __init__(self, folder: Path, key: bytes | Wrapping) -> None:
        self.folder = folder
        self._keys: Wrapping = KeyRing({"single": key}) if isinstance(key, bytes) else key

    def put(self, wav_path: Path, id: str) -> VaultItem:
        """Store a WAV and delete the clear file; returns once it is durable on disk.

        When anything fails the clear file stays where it is and :class:`VaultError` is raised; the
        same call may simply be made again (also after a crash in between).
        """
        path, part = self._path(id), self._path(id).with_suffix(".part")
        try:
            ms = _wav_ms(wav_path)
            if path.exists():
                item = self._repeated(wav_path, path, id, ms)
            else:
                self._make_folders(path.parent)
                item = VaultItem(path, *self._seal(wav_path, part, id), ms)
                os.rename(part, path)
                sync_folder(path.parent)
            wav_path.unlink()
        except OSError as error:
            why = f"{error.strerror or error}: {error.filename or self.folder}"
            raise VaultError(f"recording {id} was not stored ({why}); it stays in {wav_path}") from error
        finally:
            with suppress(OSError):  # only there when something failed
                part.unlink()
        return item

    def item(self, id: str) -> VaultItem:
        """What :meth:`put` answered, of a recording that is stored already."""
        clear = self.open(id)
        return VaultItem(self._path(id), len(clear), hashlib.sha256(clear).hexdigest(), _wav_ms(io.BytesIO(clear), id))

    def open(self, id: str) -> bytes:
        """The whole WAV."""
        return b"".join(self.stream(id))

    def size(self, id: str) -> int:
        """Bytes of the clear WAV, for ``Content-Length`` and range checks."""
        with self._file(id) as file:
            return _read_head(file, id).size

    def stream(self, id: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes ``start`` up to (not including) ``end`` of the WAV, piece by piece.

        Errors of the file as a whole are raised here, before the first piece; a changed chunk
        when its turn comes.
        """
        file = self._file(id)
        try:
            head = _read_head(file, id)
            data_key = self._unwrap(head, id)
            begin = file.tell()
            chunks = -(-head.size // head.chunk)
            if os.fstat(file.fileno()).st_size != begin + head.size + chunks * TAG:
                raise Tampered(f"recording {id} was cut or extended")
        except BaseException:
            file.close()
            raise
        end = head.size if end is None else min(end, head.size)
        return self._pieces(file, begin, head, data_key, id, max(0, start), end)

    def delete(self, id: str) -> bool:
        """Delete a recording durably; False when it was not there."""
        path = self._path(id)
        try:
            with self._held(path):
                path.with_suffix(".anew").unlink(missing_ok=True)
                path.unlink()
        except FileNotFoundError:
            return False
        sync_folder(path.parent)
        return True

    def ids(self) -> Iterator[str]:
        """Ids of everything stored."""
        return (path.stem for path in sorted(self.folder.glob("*/*.hlv")))

    def rewrap(self, id: str) -> bool:
        """After a rotation: wrap the recording's key with the newest master key; False if it is."""
        with self._held(self._path(id)), self._file(id) as file:
            head = _read_head(file, id)
            if not self._keys.outdated(head.wrapped):
                return False
            fresh = _Head(self._keys.wrap(self._unwrap(head, id)), head.chunk, head.size)
            path, part = self._path(id), self._path(id).with_suffix(".anew")
            with _create(part) as out:
                out.write(fresh.pack())
                while block := file.read(CHUNK):
                    out.write(block)
                _sync(out)
            os.rename(part, path)
        sync_folder(path.parent)
        return True

    # --- one file ---

    @contextmanager
    def _held(self, path: Path) -> Iterator[None]:
        """Of who deletes and who wraps anew one at a time, or what was deleted would come back."""
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _seal(self, wav_path: Path, part: Path, id: str) -> tuple[int, str]:
        """Write the encrypted file; clear size and hash."""
        data_key = secrets.token_bytes(32)
        cipher, digest = AESGCM(data_key), hashlib.sha256()
        with wav_path.open("rb") as clear, _create(part) as out:
            head = _Head(self._keys.wrap(data_key), CHUNK, os.fstat(clear.fileno()).st_size)
            out.write(head.pack())
            done = 0
            for index in range(-(-head.size // CHUNK)):
                block = clear.read(min(CHUNK, head.size - done))
                done += len(block)
                digest.update(block)
                out.write(cipher.encrypt(_nonce(index), block, _bound(id, head, index)))
            if done != head.size or clear.read(1):
                raise VaultError(f"{wav_path} changed while it was stored: finish the recording first")
            _sync(out)
        return head.size, digest.hexdigest()

    def _pieces(
        self, file: BinaryIO, begin: int, head: _Head, key: bytes, id: str, start: int, end: int
    ) -> Iterator[bytes]:
        cipher = AESGCM(key)
        with file:
            for index in range(start // head.chunk, -(-end // head.chunk) if end > start else 0):
                at = index * head.chunk
                file.seek(begin + index * (head.chunk + TAG))
                sealed = file.read(min(head.chunk, head.size - at) + TAG)
                try:
                    clear = cipher.decrypt(_nonce(index), sealed, _bound(id, head, index))
                except InvalidTag:
                    raise Tampered(f"recording {id} was changed on disk (piece {index})") from None
                yield clear[max(0, start - at) : end - at]

    def _repeated(self, wav_path: Path, path: Path, id: str, ms: int) -> VaultItem:
        """Accept a recording that is stored already (a crash came before the clear file was deleted).

        Raises :class:`VaultError` when it differs.
        """
        clear = wav_path.read_bytes()
        if clear != self.open(id):
            raise VaultError(f"recording {id} is stored already and differs from {wav_path}; nothing was changed")
        sync_folder(path.parent)
        return VaultItem(path, len(clear), hashlib.sha256(clear).hexdigest(), ms)

    def _unwrap(self, head: _Head, id: str) -> bytes:
        try:
            return self._keys.unwrap(head.wrapped)
        except KeyProblem as error:
            raise VaultError(f"recording {id} cannot be decrypted: {error}") from None

    def _file(self, id: str) -> BinaryIO:
        try:
            return self._path(id).open("rb")
        except FileNotFoundError:
            raise Missing(f"there is no recording {id}: it was never stored, or was deleted") from None

    def _path(self, id: str) -> Path:
        if not _ID.fullmatch(id):
            raise VaultError(f"{id!r} is no recording id (letters, digits, '-', '_' and '.')")
        return self.folder / hashlib.sha256(id.encode()).hexdigest()[:2] / f"{id}.hlv"

    def _make_folders(self, folder: Path) -> None:
        for path in (self.folder, folder):
            if not path.is_dir():
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_folder(path.parent)


def _read_head(file: BinaryIO, id: str) -> _Head:
    if file.read(4) != MAGIC:
        raise Tampered(f"recording {id} is no vault file")
    try:
        (length,) = struct.unpack(">H", file.read(2))
        head = _Head(file.read(length), *struct.unpack(">IQ", file.read(12)))
    except struct.error:
        raise Tampered(f"recording {id} was cut") from None
    if not 0 < head.chunk <= 2**24:
        raise Tampered(f"recording {id} has a damaged header")
    return head


def _bound(id: str, head: _Head, index: int) -> bytes:
    """What every chunk is tied to."""
    return MAGIC + struct.pack(">IQQ", head.chunk, head.size, index) + id.encode()


def _nonce(index: int) -> bytes:
    """Unique per chunk; each file has its own random key."""
    return struct.pack(">4xQ", index)


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _wav_ms(wav: Path | BinaryIO, name: object = None) -> int:
    try:
        with wave.open(str(wav) if isinstance(wav, Path) else wav, "rb") as file:
            return file.getnframes() * 1000 // file.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise VaultError(f"{name or wav} is no finished WAV file ({error or 'cut'}); it was left where it is") from None
