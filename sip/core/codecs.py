"""What is spoken: the codecs of both engines' calls, and which payload type says one in a session description (pure).

A codec is named by its static payload type (RFC 3551 §6) everywhere, whatever number a far end gave it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiosipua.sdp import Codec

PCMU, PCMA, G722 = 0, 8, 9
NAMES = {PCMA: "PCMA", PCMU: "PCMU", G722: "G722"}
NARROW = (PCMA, PCMU)  # what every telephone speaks, preferred first
DTMF = "telephone-event"
_CLOCK = 8000  # Hz; also of G.722, which has twice the samples (RFC 3551 §4.5.2)
_STATIC = {name: number for number, name in NAMES.items()}


def spoken(offered: Sequence[Codec]) -> Iterator[tuple[int, int]]:
    """The codecs of an audio section that are spoken here: (codec, payload type), in the order offered.

    A number without a readable ``rtpmap`` is what RFC 3551 says it is; a name goes before the number.
    """
    for codec in offered:
        name = codec.encoding_name.upper()
        number = _STATIC.get(name) if name else codec.payload_type if codec.payload_type in NAMES else None
        if number is not None and (number == codec.payload_type or codec.clock_rate in (0, _CLOCK)):
            yield number, codec.payload_type


def best(offered: Sequence[int]) -> int | None:
    """Which of the codecs to speak: G.722 with who names it first, else A-law, µ-law, G.722."""
    if offered and offered[0] == G722:
        return G722
    return next((codec for codec in NAMES if codec in offered), None)


def keys_of(offered: Sequence[Codec], taken: int) -> int | None:
    """The payload type of telephone-event (RFC 4733), None when there is none beside the sound's."""
    for codec in offered:
        if codec.encoding_name.lower() == DTMF and codec.clock_rate in (0, _CLOCK):
            if codec.payload_type != taken and codec.payload_type not in NAMES:
                return codec.payload_type
    return None
