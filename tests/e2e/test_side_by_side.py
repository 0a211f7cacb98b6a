"""Several hotlines on one machine, each with its own options; called numbers map to flows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.e2e.stories import citizen, operator, story
from tests.support.books import Books, books_of, number
from tests.support.hotline import Hotline
from tests.support.ports import free_address, rtp_range

pytestmark = pytest.mark.network


def test_three_hotlines_with_options_of_their_own(start_hotline: Callable[..., Hotline]) -> None:
    power = start_hotline(changes={"unit": {"name": "甲供电服务中心"}})
    options = ("--flow", "direct", "--profile", "gbt33358")
    direct = start_hotline(options=options)
    hall = start_hotline(environ={"HOTLINE_FLOW": "service-hall", "HOTLINE_PROFILE": "zhumadian_2023"})
    assert len({hotline.sip for hotline in (power, direct, hall)}) == 3

    async def greeted(hotline: Hotline, called: str) -> None:
        with books_of(hotline) as house:
            async with citizen(hotline, called):
                await house.says(called, "greet.std" if hotline is direct else "greet.menu")
            await house.ended(called)

    @story
    async def run() -> None:
        calls = {hotline: number() for hotline in (power, direct, hall)}
        async with asyncio.TaskGroup() as group:
            for hotline, called in calls.items():
                group.create_task(greeted(hotline, called))
        seen = []
        for hotline, called in calls.items():
            with books_of(hotline) as house:
                call = house.call(called)
                seen.append((call.flow, call.profile))
                others = [other for other in calls.values() if other != called]
                assert not any(house.call(other) for other in others)  # each has a store of its own
        assert seen == [
            ("power-95598", "sgcc_window"),
            ("direct", "gbt33358"),
            ("service-hall", "zhumadian_2023"),
        ]

    run()


def test_called_numbers_map_to_flows(start_hotline: Callable[..., Hotline]) -> None:
    hotline = start_hotline(changes={"numbers": {"12345": "direct", "96123": "service-hall"}})

    @story
    async def run() -> None:
        with books_of(hotline) as house:
            flows = {}
            async with operator(hotline, "101"):
                for called in ("12345", "96123", "95598"):
                    async with citizen(hotline, called):
                        await house.says(called, "greet.std" if called == "12345" else "greet.menu")
                        if called == "12345":  # straight to a person, without a menu
                            await house.fact(called, "bridge", seat="101")
                    flows[called] = (await house.ended(called)).flow
            assert flows == {"12345": "direct", "96123": "service-hall", "95598": "power-95598"}

    run()


def test_options_of_the_command_line_win_over_the_file(start_hotline: Callable[..., Hotline]) -> None:
    sip, rtp = free_address(), rtp_range(100)
    hotline = start_hotline(options=("--sip", str(sip), "--rtp", str(rtp)))
    assert hotline.sip == str(sip)

    @story
    async def run() -> None:
        with books_of(hotline) as house:
            called = number()
            async with citizen(hotline, called) as caller:
                await house.says(called, "greet.menu")
                assert caller.leg is not None
                ports = bound(house)
                assert ports and all(rtp.first <= port <= rtp.last for port in ports)
            await house.ended(called)

    def bound(house: Books) -> set[int]:
        return {port for port in house.udp_ports() if port != sip.port}

    run()
