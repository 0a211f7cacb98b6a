"""The master keys: a ring of 256-bit keys, of which the newest encrypts and all decrypt.

They live in a folder of their own (``data/keys``: folder 0700, files 0600, made at first use), or
in the environment variable ``HOTLINE_KEY``; back them up apart from the data. A stolen disk or
back-up without them shows no caller's number and no caller's voice.

Every process notices at its next use that a key was added or removed: a rotation needs no restart. Each kind is rotated
in two steps, so that one that was interrupted is seen by its files and goes on (``hotline/process/rotation.py``):

* data keys: :meth:`KeyRing.rotate`, then :meth:`KeyRing.retire` when nothing is encrypted with the old ones;
* the look-up key: :meth:`KeyRing.begin_index` (the old one stays as ``index-old``), then :meth:`KeyRing.end_index`;
* the key of the panel's cookies: :meth:`KeyRing.begin_session`, then :meth:`KeyRing.end_session`.

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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordings.errors import RecordingsError

ENVIRONMENT = "HOTLINE_KEY"
KEY_BYTES, NONCE_BYTES = 32, 12
INDEX, INDEX_OLD = "index", "index-old"  # the key of hmac()
SESSION, SESSION_OLD = "session", "session-old"  # of the panel's cookies; made from INDEX until one is rotated
SPECIAL = (INDEX, INDEX_OLD, SESSION, SESSION_OLD)
_VERSION = 1
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_COOKIES = b"panel sessions"
TICK_S = 0.02  # longer than a tick of the file system's clock


@dataclass(frozen=True, slots=True)
class _Held:
    """What the ring holds: data keys oldest first, and the others by name."""

    data: dict[str, bytes]
    special: dict[str, bytes]


class KeyProblem(RecordingsError, RuntimeError):
    """A key is missing or unsafe, or data was changed; the text says which and what to do."""


class KeyRing:
    """Encrypts, decrypts and makes look-up hashes."""

    def __init__(self, keys: Mapping[str, bytes], index: bytes | None = None, folder: Path | None = None):
        """``keys``: by id, oldest first, with those of :data:`SPECIAL`. ``index``: key of :meth:`hmac`, else made
        from the first key."""
        self._folder, self._seen = folder, -1
        self._take({**keys, **({INDEX: index} if index else {})})

    def _take(self, keys: Mapping[str, bytes]) -> None:
        for name, key in keys.items():
            if len(key) != KEY_BYTES:
                raise KeyProblem(f"key {name!r} has {len(key)} bytes, not {KEY_BYTES}")
        data = {name: key for name, key in keys.items() if name not in SPECIAL}
        if not data:
            raise KeyProblem("the key ring is empty")
        special = {name: key for name, key in keys.items() if name in SPECIAL}
        self.index_follows = INDEX not in special  # is made from the first key
        if INDEX not in special:
            special[INDEX] = hashlib.sha256(b"hotline look-up" + next(iter(data.values()))).digest()
        self._held = _Held(data, special)

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
        return cls(keys)

    @classmethod
    def open(cls, folder: Path) -> KeyRing:
        """The keys in ``folder``; folder and first key are made when there are none."""
        with _locked(folder):
            keys = _read(folder)
            if not keys.keys() - set(SPECIAL):
                name = _new_id()
                keys[name] = _create(folder, name)
            if INDEX not in keys:
                keys[INDEX] = _create(folder, INDEX)
        return cls(keys, folder=folder)

    @property
    def ids(self) -> tuple[str, ...]:
        """Key ids, oldest first; the last one encrypts."""
        return tuple(self._now().data)

    @property
    def folder(self) -> Path | None:
        """Where the keys are; None: they come from the environment."""
        return self._folder

    def rotate(self) -> str:
        """Add a new key, which encrypts from now on; its id. Old keys stay for what they encrypted."""
        folder = self._own_folder()
        with _locked(folder):
            name = _new_id()
            _create(folder, name)
        return self._changed(name)

    def retire(self, ids: Iterable[str]) -> None:
        """Remove old data keys, with which nothing is encrypted any more. Never the newest."""
        self._remove(name for name in ids if name not in (*SPECIAL, self.ids[-1]))

    @property
    def former(self) -> KeyRing | None:
        """The ring as it was before its look-up key was changed, while that is going on; else None."""
        held = self._now()
        old = held.special.get(INDEX_OLD)
        return None if old is None else KeyRing(held.data, old)

    def begin_index(self) -> None:
        """Make a new look-up key; the old one stays beside it until :meth:`end_index`. Goes on with one begun."""
        folder = self._own_folder()
        with _locked(folder):
            keys = _read(folder)
            if SESSION not in keys:  # the panel's cookies were made from the old one, and stay good
                _create(folder, SESSION, bytes.fromhex(self.hmac(_COOKIES)))
            self._begin(folder, INDEX, INDEX_OLD, keys)
        self._changed()

    def end_index(self) -> None:
        """Nothing is found by the old look-up key any more."""
        self._remove([INDEX_OLD])

    def begin_session(self) -> None:
        """Make a new key for cookies; those made with the old one are good until :meth:`end_session`."""
        folder = self._own_folder()
        with _locked(folder):
            keys = _read(folder)
            if SESSION not in keys:
                keys[SESSION] = _create(folder, SESSION, bytes.fromhex(self.hmac(_COOKIES)))
            self._begin(folder, SESSION, SESSION_OLD, keys)
        self._changed()

    def end_session(self) -> None:
        """Cookies made with the old key are good no more."""
        self._remove([SESSION_OLD])

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Which rotations were begun and not ended: ``data``, ``index``, ``session``."""
        held = self._now()
        begun = {"data": len(held.data) > 1, "index": INDEX_OLD in held.special, "session": SESSION_OLD in held.special}
        return tuple(name for name, is_so in begun.items() if is_so)

    def cookie_secrets(self) -> list[bytes]:
        """What the panel's cookies are signed with, the newest last."""
        held = self._now()
        if SESSION not in held.special:
            return [self.hmac(_COOKIES).encode()]
        return [held.special[name].hex().encode() for name in (SESSION_OLD, SESSION) if name in held.special]

    def _begin(self, folder: Path, name: str, old: str, keys: Mapping[str, bytes]) -> None:
        """Put a new key in the place of ``name``, which stays as ``old``. Killed in between, it goes on here."""
        if old in keys and keys[old] != keys[name]:
            return
        if old not in keys:
            os.link(folder / f"{name}.key", folder / f"{old}.key")
            sync_folder(folder)
        _create(folder, name)

    def _remove(self, names: Iterable[str]) -> None:
        folder = self._own_folder()
        with _locked(folder):
            for name in names:
                (folder / f"{name}.key").unlink(missing_ok=True)
            sync_folder(folder)
        self._changed()

    def _own_folder(self) -> Path:
        if self._folder is None:
            raise KeyProblem(
                f"keys come from {ENVIRONMENT}: append a new id:base64 there (or index-old:OLD, index:NEW; or "
                "session-old:OLD, session:NEW) and restart"
            )
        return self._folder

    def _changed(self, name: str = "") -> str:
        """Have every process notice, also one that looked within the same tick of the clock."""
        if self._folder is not None:
            time.sleep(TICK_S)
            os.utime(self._folder)
        self._reload()
        return name

    def _now(self) -> _Held:
        """The keys as they are now; a look at the folder's time takes 2 µs."""
        if self._folder is not None and self._stamp() != self._seen:
            self._reload()
        return self._held

    def _stamp(self) -> int:
        try:
            return os.stat(self._folder or ".").st_mtime_ns
        except OSError:  # gone, or not to be reached: what is known goes on
            return self._seen

    def encrypt(self, data: bytes, aad: bytes = b"") -> bytes:
        """A token of ``data``. ``aad``: where it belongs (table, row), given again to decrypt."""
        keys = self._now().data
        name = next(reversed(keys))
        head = bytes([_VERSION, len(name)]) + name.encode()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + AESGCM(keys[name]).encrypt(nonce, data, head + aad)

    def decrypt(self, token: bytes, aad: bytes = b"") -> bytes:
        """The data of a token. Raises :class:`KeyProblem` when it was changed or its key is missing."""
        name = self.key_id(token)
        keys = self._now().data
        if name not in keys:
            raise KeyProblem(f"key {name!r} is missing (there are {', '.join(keys)}): restore it from the back-up")
        start = 2 + len(name)
        head, nonce, sealed = token[:start], token[start : start + NONCE_BYTES], token[start + NONCE_BYTES :]
        try:
            return AESGCM(keys[name]).decrypt(nonce, sealed, head + aad)
        except (InvalidTag, ValueError):
            raise KeyProblem("encrypted data was changed, cut, or belongs to another place") from None

    def wrap(self, key: bytes) -> bytes:
        """Encrypt a data key."""
        return self.encrypt(key, b"wrap")

    def unwrap(self, token: bytes) -> bytes:
        """The data key of a token made by :meth:`wrap`."""
        return self.decrypt(token, b"wrap")

    def hmac(self, data: bytes) -> str:
        """A keyed hash (64 hex digits): finds equal numbers unread. Another one after the look-up key was rotated."""
        return hmac.new(self._now().special[INDEX], data, hashlib.sha256).hexdigest()

    @staticmethod
    def key_id(token: bytes) -> str:
        """Which key made a token."""
        if len(token) < 2 or token[0] != _VERSION or len(token) < 2 + token[1] + NONCE_BYTES:
            raise KeyProblem("this is no encrypted data of the hotline (or it was cut)")
        return token[2 : 2 + token[1]].decode("ascii", "replace")

    def outdated(self, token: bytes) -> bool:
        """True when a token was made with an older key than the newest one."""
        return self.key_id(token) != next(reversed(self._now().data))

    def _reload(self) -> None:
        if self._folder is not None:
            self._seen = self._stamp()  # before reading: what changes meanwhile is read again
            self._take(_read(self._folder))


def _new_id() -> str:
    """Ids sort by age; the random part keeps two machines apart."""
    return f"k{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(2)}"


def _read(folder: Path) -> dict[str, bytes]:
    keys = {}
    for path in sorted(folder.glob("*.key")):
        try:
            mode, text = path.stat().st_mode & 0o777, path.read_text("ascii").strip()
        except FileNotFoundError:  # retired just now
            continue
        if mode & 0o077:
            raise KeyProblem(f"{path} can be read by others (mode {mode:o}): chmod 600 {path}")
        keys[path.stem] = _decoded(text, str(path))
    return keys


def _create(folder: Path, name: str, key: bytes | None = None) -> bytes:
    """A new key (or this one), on disk before anything is encrypted with it."""
    key = key or secrets.token_bytes(KEY_BYTES)
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
