"""Asterisk as the engine: a program of its own, which keeps its calls when the calls process ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hotline.asterisk import checks, setup
from hotline.asterisk.managed import ChosenAsterisk, find
from hotline.config.engines import ASTERISK
from hotline.config.settings import Settings
from hotline.config.values import Address
from hotline.engines.plugin import Beside, EnginePlugin, Watching
from hotline.finding import Finding
from hotline.process import priority
from hotline.process.engines import LEFT, asterisk_config
from ivr.telephony import Engine, Sink
from sip.admission import Lags


class AsteriskPlugin(EnginePlugin):
    """One that is there already, or one ``serve`` runs itself (:mod:`hotline.asterisk.managed`)."""

    settings = ASTERISK
    listens = False
    outlives = True

    def build(self, settings: Settings, on_fatal: Callable[[str], None], lags: Callable[[], Lags]) -> Engine:
        from sip.asterisk.engine import AsteriskEngine  # its libraries are loaded only when it is used

        return AsteriskEngine(asterisk_config(settings), on_fatal, lags)

    def watcher(self, settings: Settings, sink: Sink, now_ms: Callable[[], int]) -> Watching | None:
        """Return what reads AMI; None when the settings name none."""
        config = asterisk_config(settings)
        if config.ami is None:
            return None
        from sip.asterisk.ami_monitor import AmiMonitor

        return AmiMonitor(config, sink, now_ms)

    def messages(self, settings: Settings) -> Path | None:
        """Return the folder beside Asterisk's recordings."""
        return settings.asterisk.spool.parent / LEFT

    def starting(self) -> None:
        """Callers who were interrupted wait there: before anything slow."""
        priority.sound_first()

    def beside(self, settings: Settings) -> Beside:
        """Return which Asterisk there is, when one may have to be started; else the calls process finds out itself."""
        return find(settings) if settings.asterisk.start else ChosenAsterisk(settings)

    def ready(self, settings: Settings, where: Address) -> bool:
        """Tell whether the hotline is connected: Asterisk itself answers also while no hotline does."""
        return setup.takes_calls(settings)

    def examine(self, settings: Settings) -> Iterator[Finding]:
        return checks.examine(settings)

    def learns(self, settings: Settings) -> str:
        """Only one that ``serve`` runs is set up anew with each start."""
        return "" if settings.asterisk.start else "; Asterisk learns it from `hotline asterisk init` and `core reload`"
