"""Registers as files: CSV in, CSV out, row by row, with progress on a terminal."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from hotline.errors import CannotRun
from ivr.cases.register import Register

STREAM = "-"  # standard input or output
UTF8_MARK, UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
TOLD = 20  # wrong rows told on the terminal; the output has them all
SHOWN_EVERY = 2000  # rows between two looks at the progress


def recompute(source: str, target: str, register: Callable[[list[str]], Register]) -> tuple[int, int]:
    """Write ``target``: the rows of ``source`` with their due dates. Returns how many rows, and how many wrong.

    ``register`` makes the register for a heading. A target file is in place only when it is whole, and it
    begins with a byte order mark if the source does. Raises what ``register`` raises, and :class:`CannotRun`.
    """
    if STREAM not in (source, target) and os.path.realpath(source) == os.path.realpath(target):
        raise CannotRun(f"{target} is the input; name another file for the output")
    rows = wrong = 0
    with _reading(source) as raw:
        start = raw.peek(3)[:3]
        if start[:2] in UTF16_MARKS:
            raise CannotRun(f"{source} is UTF-16; save it as CSV UTF-8")
        # Bytes that are no UTF-8 pass through as they are; only in a kind or a time do they spoil their row.
        reader = csv.reader(io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline=""))
        book = register(next(reader, []))
        with _writing(target) as out, _progress(source, raw) as show:
            out.write("\ufeff" if start == UTF8_MARK else "")
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(book.heading)
            for row in book.rows(reader):
                writer.writerow(row.cells)
                rows += 1
                if row.error:
                    wrong += 1
                    if wrong <= TOLD:
                        _tell(f"line {row.line}: {row.error}")
                if not rows % SHOWN_EVERY:
                    show()
    if wrong > TOLD:
        _tell(f"… and {wrong - TOLD} more; their explanation in {target} says what is wrong")
    return rows, wrong


def _tell(text: str) -> None:
    print(text.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


@contextmanager
def _reading(source: str) -> Iterator[io.BufferedReader]:
    if source == STREAM:
        yield io.BufferedReader(sys.stdin.buffer)  # type: ignore[arg-type]  # all it needs is readinto
        return
    try:
        raw = open(source, "rb")
    except OSError as error:
        raise CannotRun(f"cannot read {source}: {error.strerror}") from None
    with raw:
        yield raw


@contextmanager
def _writing(target: str) -> Iterator[TextIO]:
    """The target, or a file beside it that takes its place at the end."""
    if target == STREAM:
        out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", errors="surrogateescape", newline="")
        try:
            yield out
        finally:
            out.detach()  # flushes, and leaves the standard output open
        return
    through = os.path.exists(target) and not os.path.isfile(target)  # a pipe, a device
    path = target if through else f"{target}.part"
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as out:
            yield out
        if not through:
            os.replace(path, target)
    except OSError as error:
        raise CannotRun(f"cannot write {target}: {error.strerror}") from None
    finally:
        if not through and os.path.exists(path):
            os.unlink(path)


@contextmanager
def _progress(source: str, raw: io.BufferedReader) -> Iterator[Callable[[], None]]:
    """A bar by bytes read, on a terminal only."""
    if not sys.stderr.isatty() or source == STREAM:
        yield lambda: None
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("rows 行", total=os.path.getsize(source))
        yield lambda: progress.update(bar, completed=raw.tell())
