"""The kinds of step, one file each: being here is all a kind needs to be known."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.call.steps.base import Step


def kinds() -> dict[str, type[Step]]:
    """Return every kind of step by its name in flow files; a file that came since the last time is read, too."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    known: dict[str, type[Step]] = importlib.import_module(f"{__name__}.base").KINDS
    return known
