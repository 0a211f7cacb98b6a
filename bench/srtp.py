"""What SRTP costs: sealing and opening a packet of 20 ms.

python bench/srtp.py          both suites
python bench/srtp.py --gate   exit 1 when a packet takes longer than it may
"""

from __future__ import annotations

import argparse
import os
import struct
import sys
import time

from sip.core.crypto import SUITES, Crypto, Secret
from sip.embedded.seal import Seal

PACKETS = 20_000
RUNS = 5
GATE_US = 15.0  # each way; some 5 µs are usual, and other work may run beside it


def measure(suite: str) -> tuple[float, float]:
    """Microseconds of processor time to seal and to open a packet, the best of some runs."""
    closing, opening = [], []
    for _ in range(RUNS):
        ours, theirs = Crypto(1, suite, os.urandom(30)), Crypto(1, suite, os.urandom(30))
        here, there = Seal(Secret(ours, theirs)), Seal(Secret(theirs, ours))
        sound = os.urandom(160)
        packets = [struct.pack("!BBHII", 0x80, 8, n & 0xFFFF, n * 160, 77) + sound for n in range(PACKETS)]
        begun = time.process_time()
        sealed = [here.close(packet) for packet in packets]
        between = time.process_time()
        opened = [there.open(packet) for packet in sealed]
        ended = time.process_time()
        assert opened == packets
        closing.append((between - begun) / PACKETS * 1e6)
        opening.append((ended - between) / PACKETS * 1e6)
    return min(closing), min(opening)


def main() -> int:
    """Print a line for each suite; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gate", action="store_true", help="exit status 1 when a figure is missed")
    given = options.parse_args()
    slow = False
    for suite in SUITES:
        close_us, open_us = measure(suite)
        print(f"{suite:26} sealed {close_us:5.2f} µs   opened {open_us:5.2f} µs a packet", flush=True)
        slow = slow or max(close_us, open_us) > GATE_US
    return 1 if given.gate and slow else 0


if __name__ == "__main__":
    sys.exit(main())
