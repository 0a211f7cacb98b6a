"""``HOTLINE_DATABASE_URL``: one complaint, from the first ring to its case, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sip.embedded.phone import Phone
from store.journal.rebuild import verify
from tests.e2e.stories import Ours, check_complaint, citizen, complain, story
from tests.support import audio
from tests.support.books import books_of, number
from tests.support.hotline import Hotline

pytestmark = [pytest.mark.network, pytest.mark.postgres]


class Keyed(Ours):
    """Our telephone, with keys."""

    def __init__(self, phone: Phone) -> None:
        super().__init__(phone)
        self.press = phone.send_keys


def test_a_complaint_is_kept_in_postgresql(start_hotline: Callable[..., Hotline], postgres_url: str) -> None:
    hotline = start_hotline(environ={"HOTLINE_DATABASE_URL": postgres_url})
    words = audio.voice(41, 3000)

    @story
    async def run() -> None:
        with books_of(hotline) as house:
            assert house.engine.dialect.name == "postgresql"
            called = number()
            async with citizen(hotline, called) as caller:
                await complain(house, called, Keyed(caller), words)
            await house.ended(called)
            check_complaint(house, called, words)
            assert verify(house.engine) == []
            spool = hotline.data / "spool.jsonl"
            assert len(spool.read_bytes().strip(b"\0").splitlines()) <= 1  # its head: nothing waits for the database

    run()
    assert hotline.stop() == 0
    assert not (hotline.data / "hotline.db").exists()
