"""One speech worker for all tests of this folder, and real phrases to speak."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from recordings.sound import SpokenText
from recordings.studio import Studio

PHRASES = Path(__file__).resolve().parents[2] / "callflows" / "phrases"


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.close()


@pytest.fixture(scope="session")
def phrases() -> list[SpokenText]:
    """A few dozen texts as callers hear them: the project's own phrases and the shortest there are."""
    lines = [SpokenText(text) for text in ("1", "0", "好", "是", "请按1", "幺三八,零零零零,五六七八")]
    lines += [SpokenText(text, "en") for text in ("1", "Yes", "Press zero", "Please hold on, we are finding someone.")]
    for lang in ("zh-CN", "en"):
        texts = []
        for phrase in yaml.safe_load((PHRASES / f"{lang}.yaml").read_text("utf-8")).values():
            if isinstance(phrase, dict) and isinstance(phrase.get("text"), str):
                texts.append(re.sub(r"\{[^}]*\}", "供电公司" if lang == "zh-CN" else "power company", phrase["text"]))
        lines += [
            SpokenText(text, lang)
            for text in sorted(set(texts), key=lambda text: (len(text), text))[:: max(1, len(texts) // 30)]
        ]
    return lines


def record(path: Path, rate: int = 44100, seconds: float = 1.0, level: float = 0.05) -> Path:
    """A person's recording stand-in: syllables of a buzzing voice with silence around them."""
    t = np.arange(round(rate * seconds)) / rate
    voice = sum(np.sin(2 * np.pi * f * t) / (n + 1) for n, f in enumerate(range(220, 3300, 220)))
    speech = level * voice * np.clip(np.sin(2 * np.pi * 2 * t), 0, None)
    quiet = np.zeros(rate // 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.concatenate((quiet, speech, quiet)), rate)
    return path


def sound(pcm: bytes) -> np.ndarray:
    """Samples from -1 to 1 of signed 16-bit little-endian bytes."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64) / 32767
