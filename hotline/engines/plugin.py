"""What the hotline around an engine must know of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hotline.config.engines import EngineSettings
from hotline.config.settings import Settings
from hotline.config.values import Address
from hotline.finding import Finding
from ivr.telephony import Engine, Sink
from sip.admission import Lags


class Watching(Protocol):
    """What reads of the engine's program beside the engine."""

    async def run(self) -> None:
        """Watch until cancelled."""

    def beat(self) -> dict[str, Any]:
        """What the board is to know."""


@dataclass(frozen=True)
class Beside:
    """What ``hotline serve`` runs or found for the engine, besides its own processes; here: nothing."""

    settings: Settings
    notes: tuple[str, ...] = ()

    @property
    def ends_with_us(self) -> bool:
        """Does ``serve`` run a program for it, which ends with ``serve``?"""
        return False

    @property
    def environ(self) -> Mapping[str, str]:
        """What the other processes of this hotline must know of it."""
        return {}

    @property
    def said(self) -> tuple[tuple[str, str, str], ...]:
        """The rows of the welcome about it: label, what, hint."""
        return ()

    def running(self, say: Callable[[str], None]) -> AbstractAsyncContextManager[object]:
        """Keep its program running. Raises :class:`~hotline.errors.CannotRun` when it does not come up."""
        return nullcontext()


class EnginePlugin(ABC):
    """An engine. Written here: one that lives in the calls process, listens itself, and whose calls end with it."""

    settings: EngineSettings
    listens = True  # its ports for SIP and sound are the calls process's own
    outlives = False  # its calls outlive the calls process: the next one must be there at once, so a spare waits

    @abstractmethod
    def build(self, settings: Settings, on_fatal: Callable[[str], None], lags: Callable[[], Lags]) -> Engine:
        """Return the engine, not started. Raises :class:`~hotline.errors.CannotRun`.

        ``on_fatal`` is told when a running engine can never go on, and what to do; ``lags``: how far we are behind.
        """

    def watcher(self, settings: Settings, sink: Sink, now_ms: Callable[[], int]) -> Watching | None:
        """Return what watches its program, not started; None: nothing does."""
        return None

    def messages(self, settings: Settings) -> Path | None:
        """Return where callers leave a message while no hotline is connected; None when that cannot be."""
        return None

    def starting(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Prepare the calls process before anything slow is done in it."""

    def started(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Prepare the calls process when the engine and all others in it are up."""

    def beside(self, settings: Settings) -> Beside:
        """Return what ``serve`` is to run for it. Raises :class:`~hotline.errors.CannotRun` when it is not there."""
        return Beside(settings)

    @abstractmethod
    def ready(self, settings: Settings, where: Address) -> bool:
        """Tell whether a call would be answered now. ``where``: the address of SIP."""

    def examine(self, settings: Settings) -> Iterator[Finding]:
        """Give what ``hotline doctor`` finds about it, besides what it looks at for every engine."""
        return iter(())

    def learns(self, settings: Settings) -> str:
        """Return how it learns who may call, when it does not by itself."""
        return ""
