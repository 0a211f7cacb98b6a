"""Call progress tones as heard in China (450 Hz ringback 1 s on, 4 s off; 950 Hz record tone)."""

from __future__ import annotations

RATE = 8000
LEVEL = 0.12  # of full scale: about -18 dBFS, near the prompts' loudness


def tone(hz: float, ms: int, level: float = LEVEL) -> bytes:
    """A sine of ``ms`` milliseconds with 5 ms ramps, 16-bit little-endian mono at 8 kHz."""
    import numpy as np  # slow to load: a process that starts anew has calls to take back first

    n = RATE * ms // 1000
    wave = level * np.sin(2 * np.pi * hz * np.arange(n) / RATE)
    ramp = np.minimum(1.0, np.minimum(np.arange(n), np.arange(n)[::-1]) / (RATE * 0.005))
    return (wave * ramp * 32767).astype("<i2").tobytes()


def silence(ms: int) -> bytes:
    """``ms`` milliseconds of nothing."""
    return bytes(2 * RATE * ms // 1000)


def ringback(seconds: int) -> bytes:
    """What a caller hears while it rings: 450 Hz, 1 s on, 4 s off (requirements B6)."""
    return (silence(500) + tone(450, 1000) + silence(3500)) * (seconds // 5)


def beep() -> bytes:
    """The tone after which a caller speaks: 950 Hz, 400 ms."""
    return silence(150) + tone(950, 400) + silence(100)
