"""SRTP on a stream: heard and spoken sealed, and whatever is not sealed with the agreed key is nothing."""

from __future__ import annotations

import os

from sip.core.crypto import SUITES, Crypto, Secret
from sip.embedded.seal import Seal
from tests.sip.far_end import FarEnd, clip, media, until
from tests.sip.raw import story

SOUND = b"\x2a" * 160


def secrets(suite: str = SUITES[0]) -> tuple[Secret, Secret]:
    """Ours, and the same as the far end has it."""
    one, other = Crypto(1, suite, os.urandom(30)), Crypto(1, suite, os.urandom(30))
    return Secret(one, other), Secret(other, one)


@story
async def test_a_sealed_call_is_heard_and_told_and_nothing_of_it_is_in_the_clear() -> None:
    for suite in SUITES:
        async with media() as one:
            ours, theirs = secrets(suite)
            stream, seal, heard = one.open(), Seal(theirs), bytearray()
            far = FarEnd(stream)
            stream.set_remote(far.host, far.port, 8, 101, secret=ours)
            stream.tap(heard.extend)
            for _ in range(5):
                far.raw(seal.close(far.packet(SOUND)))
            await until(lambda stream=stream: stream.stats.received == 5)
            assert len(heard) == 5 * 320
            stream.play([clip(5, 1000)], lambda _: None)
            await until(lambda stream=stream: stream.stats.sent > 10)
            far.read()
            opened = [seal.open(data) for data in far.got]
            assert None not in opened and len({data[12:] for data in opened if data}) == 2  # silence and the clip
            assert not {data[12:] for data in far.got} & {data[12:] for data in opened if data}
            stream.close()


@story
async def test_forged_damaged_replayed_and_plain_packets_are_dropped_and_say_nothing_of_the_source() -> None:
    async with media() as one:
        ours, theirs = secrets()
        stream, seal = one.open(), Seal(theirs)
        far, stranger = FarEnd(stream), FarEnd(stream)
        stream.set_remote(far.host, far.port, 8, 101, secret=ours)
        good = seal.close(far.packet(SOUND))
        bad = bytearray(good)
        bad[20] ^= 1
        other = Seal(secrets()[0]).close(far.packet(SOUND))
        for data in (bytes(bad), other, far.packet(SOUND), b"\x80", b"", os.urandom(1600), good[:-1]):
            stranger.raw(data)
        await until(lambda: stream.stats.forged >= 6)
        assert stream.stats.received == 0 and stream.remote == (far.host, far.port)
        far.raw(good)
        await until(lambda: stream.stats.received == 1)
        forged = stream.stats.forged
        far.raw(good)  # once more
        await until(lambda: stream.stats.forged == forged + 1)
        assert stream.stats.received == 1
        stream.close()


@story
async def test_a_key_said_again_goes_on_and_a_new_one_takes_over() -> None:
    async with media() as one:
        ours, theirs = secrets()
        stream, seal = one.open(), Seal(theirs)
        far = FarEnd(stream)
        stream.set_remote(far.host, far.port, 8, 101, secret=ours)
        first = seal.close(far.packet(SOUND))
        far.raw(first)
        await until(lambda: stream.stats.received == 1)
        stream.set_remote(far.host, far.port, 8, 101, secret=ours)
        far.raw(first)  # replayed across the re-INVITE
        await until(lambda: stream.stats.forged == 1)
        renewed = Secret(ours.ours, Crypto(1, SUITES[0], os.urandom(30)))
        stream.set_remote(far.host, far.port, 8, 101, secret=renewed)
        far.raw(Seal(Secret(renewed.theirs, renewed.ours)).close(far.packet(SOUND)))
        await until(lambda: stream.stats.received == 2)
        far.read()
        assert None not in [seal.open(data) for data in far.got]  # our key stayed, and so its count
        stream.close()


@story
async def test_sealed_and_plain_calls_are_joined_and_what_overtakes_is_passed_on() -> None:
    async with media() as one:
        ours, theirs = secrets()
        caller, operator = one.open(), one.open()
        seal, far = Seal(theirs), FarEnd(caller)
        phone = FarEnd(operator).agree()
        caller.set_remote(far.host, far.port, 8, 101, secret=ours)
        caller.bridge(operator)
        packets = [seal.close(far.packet(bytes([n]) * 160)) for n in range(1, 9)]
        packets[3], packets[4] = packets[4], packets[3]
        for packet in packets:
            far.raw(packet)
        await until(lambda: {payload[0] for payload in phone.payloads()} >= set(range(2, 9)))
        for n in range(1, 9):
            phone.speak(bytes([0x40 + n]) * 160)
        await until(lambda: operator.stats.received == 8)
        await until(lambda: len(far.read()) >= 8)
        told = {data[12] for data in map(seal.open, list(far.got)) if data}
        assert told >= {0x40 + n for n in range(1, 9)}
        caller.close()
        operator.close()
