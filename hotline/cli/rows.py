"""Rows as a table on the terminal, or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hotline.cli.common import print_json

PIPE_WIDTH = 200


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def print_rows(
    rows: Sequence[Mapping[str, Any]], as_json: bool, nothing: str, columns: Sequence[str] = (),
    cell: Callable[[Any], str] = _text, width: int = PIPE_WIDTH,
) -> None:  # fmt: skip
    """Print the rows; ``nothing``: said when there are none. ``columns``: of the table, all when left out.

    Into a pipe or a file, lines are ``width`` long: there is no terminal at whose width they were to be broken.
    """
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo(nothing)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns or rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell(row[column]) for column in columns or row))
    console = Console() if sys.stdout.isatty() else Console(width=width)
    console.print(table, highlight=False)
