"""The same calls with Asterisk as the engine: baresip, PJSIP and sipp call a hotline whose SIP side is Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import test_hanging_up as ending
from tests.e2e import test_phones as told
from tests.e2e import test_sipp as sipp
from tests.e2e import test_transfers as transfers
from tests.e2e.stories import story
from tests.e2e.test_phones import Open, telephone  # noqa: F401  (a fixture)
from tests.e2e.test_sipp import path  # noqa: F401  (a fixture)
from tests.support.books import Books, house_on_asterisk
from tests.support.sipp import info

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline on a real Asterisk, and its books. When all is told, nothing is left behind."""
    with house_on_asterisk(Path(tmp_path_factory.mktemp("house")) / "hotline") as books:
        yield books


def test_the_greeting_is_heard_and_key_0_leads_to_a_person(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_the_greeting_is_heard_and_key_0_leads_to_a_person("baresip", house, telephone)


def test_when_a_is_busy_b_answers(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_when_a_is_busy_b_answers("pjsip", house, telephone)


def test_when_a_is_silent_b_joins_and_answers_within_the_limit(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_when_a_is_silent_b_joins_and_answers_within_the_limit("baresip", house, telephone)


def test_a_complaint_becomes_a_case_with_its_due_date(house: Books, telephone: Open) -> None:  # noqa: F811
    told.test_a_complaint_becomes_a_case_with_its_due_date("baresip", house, telephone)


def test_fst_2_a_blind_transfer_leads_the_caller_to_the_colleague(house: Books, telephone: Open) -> None:  # noqa: F811
    transfers.test_fst_2_a_blind_transfer_leads_the_caller_to_the_colleague("baresip", house, telephone)


def test_fst_1_an_attended_transfer_joins_the_caller_with_whom_the_operator_asked(
    house: Books,
    telephone: Open,  # noqa: F811
) -> None:
    transfers.test_fst_1_an_attended_transfer_joins_the_caller_with_whom_the_operator_asked(house, telephone)


def test_sipp_complains_with_keys_by_sip_info(house: Books, path: str, tmp_path: Path) -> None:  # noqa: F811
    sipp.test_a_complaint_becomes_a_case_with_its_due_date(info, house, path, tmp_path)


def test_sipp_finds_nobody_and_leaves_a_message(house: Books, path: str, tmp_path: Path) -> None:  # noqa: F811
    sipp.test_when_nobody_is_there_a_message_is_taken(house, path, tmp_path)


def test_hold_and_resume_while_speaking_with_a_person(house: Books) -> None:
    ending.test_hold_and_resume_while_speaking_with_a_person(house)


@pytest.mark.parametrize("ends", [e for e in ending.ENDS if e.seat is not None], ids=lambda ends: ends.at)
def test_a_caller_who_hangs_up_beside_an_operator_leaves_the_right_row(ends: ending.Ends, house: Books) -> None:
    ending.test_a_caller_who_hangs_up_leaves_the_right_row(ends, house)


@story
async def test_callers_who_hang_up_everywhere_else_at_once_leave_the_right_rows(house: Books) -> None:
    async with asyncio.TaskGroup() as callers:
        for ends in ending.ENDS:
            if ends.seat is None:
                callers.create_task(ending.hang_up(ends, house))
