"""Keys heard where nobody pressed one, and keys pressed that are heard: the detector of tones in the sound.

python bench/talk_off.py               125 minutes: speech in a hundred voices, music, noise; then pressed keys
python bench/talk_off.py --minutes 10
python bench/talk_off.py --gate        exit 1 when a single key is heard, one is missed, or it costs too much

The speech is the hotline's own prompts by espeak-ng at all paces, everything through A-law. The cost is that
of a stream whose far end speaks all the time and agreed on no telephone-event; others cost nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np
from support import talk

from recordings.g711 import pcm_to_alaw
from recordings.studio import Studio
from sip.embedded.fax import FaxReceiver
from sip.embedded.rtp import FRAME, PCMA, Packet
from sip.embedded.tones import ToneReceiver

SHARES = {"speech": 0.6, "music": 0.28, "noise": 0.12}
GATE_COST = 0.01  # of a core for one stream


def listen(pieces: Iterator[bytes], seconds: float) -> tuple[float, list[str], float]:
    """Seconds listened to, what was heard and at which second, processor seconds."""
    receiver, heard, at, cost = ToneReceiver(), [], 0.0, 0.0
    for piece in pieces:
        begun = time.process_time()
        for key in receiver.feed(piece):
            heard.append(f"{key} at {at:.0f} s")
        cost += time.process_time() - begun
        at += len(piece) / (2 * talk.RATE)
        if at >= seconds:
            break
    return at, heard, cost


def faxes(pieces: Iterator[bytes], seconds: float) -> int:
    """How many fax machines are heard where none calls; a call listens for a minute only, here all are listened to."""
    receiver, heard, at = FaxReceiver(), 0, 0
    for piece in pieces:
        codes = pcm_to_alaw(piece)
        for begun in range(0, len(codes), FRAME):
            packet = codes[begun : begun + FRAME]
            settled = receiver.settled(Packet(PCMA, False, 0, at, 0, packet), b"")
            at += len(packet)
            if settled:
                heard += receiver.found
                receiver = FaxReceiver()
        if at >= seconds * talk.RATE:
            break
    return heard


def cost_of_a_stream(seconds: float = 30.0) -> float:
    """Share of a core that loud noise takes, packet by packet."""
    draw = np.random.default_rng(4)
    packets = [talk.over_a_line(draw.normal(0, 3000, 160)) for _ in range(int(seconds * 50))]
    receiver, begun = ToneReceiver(), time.process_time()
    for packet in packets:
        receiver.feed(packet)
    return (time.process_time() - begun) / seconds


def main() -> int:
    """Print a line for each kind; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=125.0)
    options.add_argument("--gate", action="store_true", help="exit status 1 when a figure is missed")
    given = options.parse_args()
    wrong = 0
    studio = Studio()
    for kind, pieces in (("speech", talk.speech(studio)), ("music", talk.music()), ("noise", talk.noise())):
        seconds, heard, _ = listen(pieces, given.minutes * 60 * SHARES[kind])
        print(
            f"{kind:8} {seconds / 60:6.1f} min   {len(heard)} keys heard, none pressed   {' '.join(heard)}", flush=True
        )
        wrong += len(heard)
        again = {"speech": lambda: talk.speech(studio), "music": talk.music, "noise": talk.noise}[kind]()
        found_faxes = faxes(again, given.minutes * 60 * SHARES[kind])
        print(f"{kind:8} {seconds / 60:6.1f} min   {found_faxes} faxes heard, none called", flush=True)
        wrong += found_faxes
    studio.close()
    pressed, found = 0, 0
    for keys, sound in talk.presses():
        pressed, found = pressed + len(keys), found + (len(keys) if ToneReceiver().feed(sound) == keys else 0)
    print(f"pressed  {pressed} keys, 40 ms on, 40 ms off, -30 to 0 dBm0, twist, noise, off pitch: {found} heard")
    cost = cost_of_a_stream()
    print(f"cost     {cost:.2%} of a core for a stream without telephone-event")
    return 1 if given.gate and (wrong or found != pressed or cost > GATE_COST) else 0


if __name__ == "__main__":
    sys.exit(main())
