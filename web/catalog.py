"""The English catalogue: collect what pages say in Chinese, and compile what people wrote in English.

    python -m web.catalog update     # after changing words on a page: new ones appear empty in messages.po
    python -m web.catalog compile    # after translating: writes messages.mo, which is what runs

A test fails when a sentence has no English or the compiled file is not the written one.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
PO = HERE / "translations" / "en" / "LC_MESSAGES" / "messages.po"
MO = PO.with_suffix(".mo")
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
SINCE = datetime(2026, 11, 26, tzinfo=UTC)  # a fixed date: collecting again changes nothing but the words
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None}


def said() -> Catalog:
    """Everything the panel says, in Chinese."""
    catalog = Catalog(locale="en", fuzzy=False, project="open-hotline", version="1", creation_date=SINCE)
    for name, _line, message, _comments, _context in extract_from_dir(HERE, METHODS, keywords=KEYWORDS):
        catalog.add(message, locations=[(name, 0)])
    return catalog


def written() -> Catalog:
    """What has been put into English."""
    if not PO.exists():
        return Catalog(locale="en", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def update() -> list[str]:
    """Bring the written catalogue up to date; returns what still needs English."""
    old, new = written(), said()
    for message in new:
        known = old.get(message.id) if message.id else None
        if known is not None and known.string:
            message.string = known.string
    new.header_comment = "# What the panel says, in English. Written by hand; collected by web/catalog.py."
    new.revision_date, new.last_translator, new.language_team = SINCE, "open-hotline", "en"
    new.msgid_bugs_address = "open-hotline"
    with PO.open("wb") as file:
        write_po(file, new, width=0, omit_header=False, sort_output=True, include_lineno=False)
    return [str(message.id) for message in new if message.id and not message.string]


def running() -> Catalog:
    """What the panel says in English."""
    with MO.open("rb") as file:
        return read_mo(file)


def words(catalog: Catalog) -> dict[str, str]:
    """Each sentence and its English; the head, which names the version of the library that wrote it, left out."""
    return {str(message.id): str(message.string) for message in catalog if message.id}


def main(arguments: list[str]) -> int:
    if arguments == ["update"]:
        missing = update()
        print("\n".join(["needs English:", *missing] if missing else ["nothing is missing"]))
        return bool(missing)
    if arguments == ["compile"]:
        with MO.open("wb") as file:
            write_mo(file, written())
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
