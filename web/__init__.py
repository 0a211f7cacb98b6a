"""The panel: Flask, one blueprint per screen, and the read-only JSON API. Start at :func:`create_app`."""

from __future__ import annotations

from web.app import create_app
from web.config import Name, PanelConfig

__all__ = ["Name", "PanelConfig", "create_app"]
