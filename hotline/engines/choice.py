"""Which engine answers the calls: one of these, by the name the settings give."""

from __future__ import annotations

from collections.abc import Mapping

from hotline.config.settings import Settings
from hotline.engines.asterisk import AsteriskPlugin
from hotline.engines.embedded import Embedded
from hotline.engines.plugin import EnginePlugin

ENGINES: Mapping[str, EnginePlugin] = {one.settings.name: one for one in (Embedded(), AsteriskPlugin())}


def engine_of(settings: Settings) -> EnginePlugin:
    """Return the engine of these settings."""
    return ENGINES[settings.engine]
