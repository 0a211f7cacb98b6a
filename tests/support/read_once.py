"""What is shipped in files and never changes: read once in a test process, not once in a test."""

from __future__ import annotations

from functools import cache

from ivr.phrases import Phrases
from ivr.wording import Wording


@cache
def phrases(unit: str = "示范供电服务中心", unit_en: str = "Model Power") -> Phrases:
    """The phrases of a unit."""
    return Phrases.load(variables={"unit": unit, "unit.en": unit_en})


wording = cache(Wording.load)
