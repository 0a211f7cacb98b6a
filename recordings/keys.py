"""The master keys: a ring of 256-bit keys, of which the newest encrypts and all decrypt.

They live in a folder of their own (``data/keys``: folder 0700, files 0600, made at first use), or
in the environment variable ``HOTLINE_KEY``; back them up apart from the data. A stolen disk or
back-up without them shows no caller's number and no caller's voice.

A token is ``version | length of key id | key id | nonce | AES-256-GCM ciphertext and tag``.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENVIRONMENT = "HOTLINE_KEY"
KEY_BYTES, NONCE_BYTES = 32, 12
INDEX = "index"  # the key of hmac(): never rotated, or nothing would be found again
_VERSION = 1
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class KeyProblem(RuntimeError):
    """A key is missing or unsafe, or data was changed; the text says which and what to do."""


class KeyRing:
    """Encrypts, decrypts and makes look-up hashes."""

    def __init__(self, keys: Mapping[str, bytes], index: bytes | None = None, folder: Path | None = None):
        """``keys``: by id, oldest first. ``index``: key of :meth:`hmac`, else made from the first key."""
        if not keys:
            raise KeyProblem("the key ring is empty")
        for name, key in keys.items():
            if len(key) != KEY_BYTES:
                raise KeyProblem(f"key {name!r} has {len(key)} bytes, not {KEY_BYTES}")
        self._keys = dict(keys)
        self._index = index or hashlib.sha256(b"hotline look-up" + next(iter(keys.values()))).digest()
        self._folder = folder

    @classmethod
    def load(cls, folder: Path, environ: Mapping[str, str] | None = None) -> KeyRing:
        """The ring of this hotline: from ``HOTLINE_KEY`` when it is set, else from ``folder``."""
        value = (os.environ if environ is None else environ).get(ENVIRONMENT, "")
        return cls.parse(value) if value.strip() else cls.open(folder)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Keys as ``id:base64`` (or base64 alone), comma-separated, the newest last.

        The first one also makes look-up hashes unless ``index:base64`` is given: keep it.
        """
        keys: dict[str, bytes] = {}
        for part in filter(None, (p.strip() for p in text.split(","))):
            name, _, value = part.rpartition(":")
            key = _decoded(value, f"{ENVIRONMENT} {name}".strip())
            name = name or "env-" + hashlib.sha256(key).hexdigest()[:8]
            if not _ID.fullmatch(name):
                raise KeyProblem(f"{ENVIRONMENT}: {name!r} is no key id (letters, digits, - and _)")
            keys[name] = key
        return cls(keys, keys.pop(INDEX, None))

    @classmethod
    def open(cls, folder: Path) -> KeyRing:
        """The keys in ``folder``; folder and first key are made when there are none."""
        with _locked(folder):
            keys = _read(folder)
            if not keys.keys() - {INDEX}:
                name = _new_id()
                keys[name] = _create(folder, name)
            if INDEX not in keys:
                keys[INDEX] = _create(folder, INDEX)
        return cls(keys, keys.pop(INDEX), folder)

    @property
    def ids(self) -> tuple[str, ...]:
        """Key ids, oldest first; the last one encrypts."""
        return tuple(self._keys)

    def rotate(self) -> str:
        """Add a new key, which encrypts from now on; its id. Old keys stay for what they encrypted.

        No command does it yet; it will, with :meth:`recordings.vault.Vault.rewrap`, while the hotline runs.
        """
        if self._folder is None:
            raise KeyProblem(f"keys come from {ENVIRONMENT}: append a new id:base64 there and restart")
        with _locked(self._folder):
            name = _new_id()
            _create(self._folder, name)
        self._reload()
        return name

    def encrypt(self, data: bytes, aad: bytes = b"") -> bytes:
        """A token of ``data``. ``aad``: where it belongs (table, row), given again to decrypt."""
        name = next(reversed(self._keys))
        head = bytes([_VERSION, len(name)]) + name.encode()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + AESGCM(self._keys[name]).encrypt(nonce, data, head + aad)

    def decrypt(self, token: bytes, aad: bytes = b"") -> bytes:
        """The data of a token. Raises :class:`KeyProblem` when it was changed or its key is missing."""
        name = self.key_id(token)
        if name not in self._keys:
            self._reload()  # another process may have rotated
        if name not in self._keys:
            raise KeyProblem(
                f"key {name!r} is missing (there are {', '.join(self._keys)}): restore it from the back-up"
            )
        start = 2 + len(name)
        head, nonce, sealed = token[:start], token[start : start + NONCE_BYTES], token[start + NONCE_BYTES :]
        try:
            return AESGCM(self._keys[name]).decrypt(nonce, sealed, head + aad)
        except (InvalidTag, ValueError):
            raise KeyProblem("encrypted data was changed, cut, or belongs to another place") from None

    def wrap(self, key: bytes) -> bytes:
        """Encrypt a data key."""
        return self.encrypt(key, b"wrap")

    def unwrap(self, token: bytes) -> bytes:
        """The data key of a token made by :meth:`wrap`."""
        return self.decrypt(token, b"wrap")

    def hmac(self, data: bytes) -> str:
        """A keyed hash (64 hex digits), the same after a rotation: finds equal numbers unread."""
        return hmac.new(self._index, data, hashlib.sha256).hexdigest()

    @staticmethod
    def key_id(token: bytes) -> str:
        """Which key made a token."""
        if len(token) < 2 or token[0] != _VERSION or len(token) < 2 + token[1] + NONCE_BYTES:
            raise KeyProblem("this is no encrypted data of the hotline (or it was cut)")
        return token[2 : 2 + token[1]].decode("ascii", "replace")

    def outdated(self, token: bytes) -> bool:
        """True when a token was made with an older key than the newest one."""
        return self.key_id(token) != next(reversed(self._keys))

    def _reload(self) -> None:
        if self._folder is not None:
            keys = _read(self._folder)
            keys.pop(INDEX, None)
            self._keys = keys


def _new_id() -> str:
    """Ids sort by age; the random part keeps two machines apart."""
    return f"k{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(2)}"


def _read(folder: Path) -> dict[str, bytes]:
    keys = {}
    for path in sorted(folder.glob("*.key")):
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise KeyProblem(f"{path} can be read by others (mode {mode:o}): chmod 600 {path}")
        keys[path.stem] = _decoded(path.read_text("ascii").strip(), str(path))
    return keys


def _create(folder: Path, name: str) -> bytes:
    """A new key, on disk before anything is encrypted with it."""
    key = secrets.token_bytes(KEY_BYTES)
    part = folder / f"{name}.part"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(part, folder / f"{name}.key")
    sync_folder(folder)
    return key


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyProblem(f"{where}: not a key ({KEY_BYTES} bytes in base64; make one with: openssl rand -base64 32)")
    return key


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time makes keys here."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise KeyProblem(f"the key folder {folder} cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make renames and deletions in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
