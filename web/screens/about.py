"""Help: what the screens and words mean, what one's role may do, and which version this is."""

from __future__ import annotations

from flask import Blueprint, render_template

from web.access import PERMISSIONS, needs
from web.db import config

bp = Blueprint("about", __name__)


@bp.get("/help")
@needs("self")
def show() -> str:
    return render_template("about.html", version=config().version, zone=str(config().zone), permissions=PERMISSIONS)
