"""A line of a process before this one, made again from the channels Asterisk still has of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sip.asterisk.dialling import CITIZEN
from sip.asterisk.legs import AsteriskLeg, RunningRecording
from sip.asterisk.snapshot import Channel
from sip.asterisk.sound import playback_of


def counting(channels: Sequence[Channel]) -> Channel:
    """The channel of a line that counts: the one that is up in our application, else the first."""
    return next((channel for channel in channels if is_up(channel)), channels[0])


def is_up(channel: Channel) -> bool:
    """Is it answered, and ours?"""
    return channel.up and bool(channel.args)


def line_again(
    name: str, channels: Sequence[Channel], seat: str, playing: str, recording: tuple[str, Path] | None
) -> AsteriskLeg:
    """The line of these channels; ``playing`` and ``recording``: tokens (and file) of what went on, as journaled."""
    first = counting(channels)
    line = AsteriskLeg(name, seat, up=is_up(first), channel=first.id, rang=bool(seat), heard=True)
    if seat:
        line.phones = {channel.id for channel in channels if channel is not first or not line.up}
    line.citizen = first.args[:1] == (CITIZEN,)
    if playing:
        line.playing = (playing, playback_of(name, playing))
    if recording:
        token, path = recording
        line.recording = RunningRecording(path.stem, token, path, max_ms=0)
    return line
