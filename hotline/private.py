"""What the hotline keeps is its user's alone: folders 0700, files 0600, whatever made them.

One exception: an Asterisk under another user reads the voices' cache and what is spoken for one playback. Both
users share Asterisk's recording folder already, through its group; that group, and nobody else, then comes through the
data folder (0710) and reads those two (2750, so that what is made inside belongs to the group, too).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hotline.config.engines import SETTINGS
from hotline.config.settings import Settings
from hotline.process import engines, factories

NAMED = 3  # so many are named when the user is told
VAULT = "vault"  # its files were 0600 from the first version on, and may be a million


@dataclass(frozen=True, slots=True)
class Wide:
    """A folder or file that more people can read than need it: its mode, and the one it should have."""

    path: Path
    mode: int
    right: int


def shared_group(settings: Settings) -> int | None:
    """The group that Asterisk's user and ours have in common; None when it is the same user, or there is none."""
    spool = SETTINGS[settings.engine].shared(settings)
    if spool is None or spool.absolute().is_relative_to(settings.data.dir.absolute()):
        return None  # nobody else's, or our own one's: it runs as we do
    try:
        found = spool.stat()
    except OSError:
        return None
    return found.st_gid if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWGRP else None


def read_by_asterisk(settings: Settings) -> tuple[Path, ...]:
    """The folders Asterisk reads prompts from: the voices' cache, and what is written for it."""
    return factories.voice_cache(settings), engines.media_folder(settings)


def wide(settings: Settings, *, everything: bool = True) -> Iterator[Wide]:
    """What others can read, the data folder first. Not ``everything``: without the recordings of the vault."""
    data, group = settings.data.dir, shared_group(settings)
    open_to_group = [folder for folder in read_by_asterisk(settings) if group is not None and _owned(folder)]
    for path, found in _below(data, everything):
        inside = any(path.is_relative_to(folder) for folder in open_to_group)
        allowed = 0o750 if inside else 0o710 if group is not None and path == data else 0o700
        allowed &= 0o777 if stat.S_ISDIR(found.st_mode) else 0o666
        mode = stat.S_IMODE(found.st_mode) & 0o777
        if mode & ~allowed & 0o077:
            yield Wide(path, mode, mode & allowed)


def mend(settings: Settings) -> list[str]:
    """Take from others what they can read (a version before let them), and let Asterisk's group in. Words on it.

    Raises ``OSError`` when a folder cannot be made.
    """
    data, group = settings.data.dir, shared_group(settings)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    mended = [found for found in wide(settings, everything=False) if _change(found.path, found.right)]
    if group is not None:
        _let_in(settings, group)
    if not mended:
        return []
    names = ", ".join(str(found.path) for found in mended[:NAMED]) + (", …" if len(mended) > NAMED else "")
    return [f"{len(mended)} folders and files could be read by others and are now this user's alone: {names}"]


def _let_in(settings: Settings, group: int) -> None:
    data = settings.data.dir
    for folder in read_by_asterisk(settings):
        folder.mkdir(parents=True, exist_ok=True)
        if not _owned(folder):
            continue
        for path, found in _below(folder, everything=True):
            with contextlib.suppress(OSError):  # doctor tells who cannot read
                os.chown(path, -1, group)
                path.chmod(0o2750 if stat.S_ISDIR(found.st_mode) else 0o640)
        if folder.absolute().is_relative_to(data.absolute()):
            with contextlib.suppress(OSError):
                os.chown(data, -1, group)
                data.chmod(0o710)


def _below(folder: Path, everything: bool) -> Iterator[tuple[Path, os.stat_result]]:
    """The folder and what is in it: real folders and files that are ours; links are not followed."""
    try:
        found = folder.lstat()
    except OSError:  # it went meanwhile, or was never there
        return
    if found.st_uid != os.geteuid() or not (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)):
        return
    yield folder, found
    if stat.S_ISDIR(found.st_mode) and (everything or folder.name != VAULT):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                yield from _below(Path(entry.path), everything)


def _owned(path: Path) -> bool:
    try:
        return path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _change(path: Path, mode: int) -> bool:
    try:
        path.chmod(mode)
    except OSError:  # it went meanwhile, or the disk is read-only: doctor tells
        return False
    return True


def may_read(path: Path, uid: int, groups: frozenset[int]) -> bool:
    """Whether a user with these groups comes to the file and reads it (by modes; access lists are not looked at)."""
    path = path.absolute()
    ways = [*reversed(path.parents), path]
    for step in ways:
        try:
            found = step.stat()
        except OSError:
            return False
        mode = found.st_mode
        bits = mode >> 6 if uid == found.st_uid else mode >> 3 if found.st_gid in groups else mode
        if uid != 0 and not bits & (4 if step == path else 1):
            return False
    return True
