"""The same calls with Asterisk as the engine: baresip and PJSIP call a hotline whose telephone side is Asterisk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import test_phones as told
from tests.e2e.test_phones import Open, telephone  # noqa: F401  (a fixture)
from tests.support.asterisk import AsteriskHotline
from tests.support.books import Books, books_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline on a real Asterisk, and its books. When all is told, nothing is left behind."""
    hotline = AsteriskHotline(Path(tmp_path_factory.mktemp("house")) / "hotline")
    try:
        hotline.start()
        with books_of(hotline) as books:
            yield books
        wait_until(lambda: hotline.asterisk.channels() == 0 and hotline.asterisk.bridges() == 0, 40)
        assert list(hotline.settings.asterisk.spool.rglob("*.wav")) == []
        assert list((hotline.data / "media").glob("once-*")) == []
    finally:
        hotline.close()


def test_the_greeting_is_heard_and_key_0_leads_to_a_person(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_the_greeting_is_heard_and_key_0_leads_to_a_person("baresip", house, telephone)


def test_when_a_is_busy_b_answers(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_when_a_is_busy_b_answers("pjsip", house, telephone)


def test_when_a_is_silent_b_joins_and_answers_within_the_limit(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_when_a_is_silent_b_joins_and_answers_within_the_limit("baresip", house, telephone)


def test_a_complaint_becomes_a_case_with_its_due_date(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_a_complaint_becomes_a_case_with_its_due_date("baresip", house, telephone)
