"""What somebody typed and did not send stands in its form again: after a refusal, an idle log-out, a closed window.

A form that is refused comes back in the page that is made next, by its key: the key of its draft, or, where no drafts
are kept, the address it is sent to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, flash, g, request
from flask_login import current_user

from ivr.cases.actions import ActionRefused
from ivr.wording import Hit
from store.engine import Session
from store.people.drafts import FormDraft
from web.db import config, now_ms, reading
from web.forms import typed
from web.language import chosen


@dataclass(frozen=True)
class Back:
    """A form that comes back: its key, what was typed, why it was refused, and what others did meanwhile."""

    form: str
    fields: Mapping[str, str]
    why: ActionRefused
    changed: tuple[dict[str, Any], ...] = ()
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class Filled:
    """A form as a page shows it."""

    fields: Mapping[str, str] = field(default_factory=dict)
    back: Back | None = None
    at: int | None = None  # when the draft was left

    def get(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def open(self) -> bool:
        return bool(self.back or self.fields)

    def problem(self, name: str) -> ActionRefused | None:
        """Why this field was refused."""
        return self.back.why if self.back and self.back.why.field == name else None


def filled(form: str) -> Filled:
    """What stands in a form: what was refused just now, else the draft."""
    back: Back | None = g.get("back")
    if back is not None and back.form == form:
        return Filled(back.fields, back)
    draft = _drafts().get(form)
    return Filled(draft.fields, None, draft.at) if draft else Filled()


def returned(address: str) -> Filled:
    """What stands in a form of which no drafts are kept."""
    back: Back | None = g.get("back")
    return Filled(back.fields, back) if back is not None and back.form == address else Filled()


def come_back(back: Back) -> None:
    """This form is shown again by the page that is made now."""
    g.back = back


def refused(why: ActionRefused, fields: Mapping[str, str] | None = None) -> None:
    """The form that was sent, of which no drafts are kept, comes back; ``fields`` where they are not as they came.

    What is about no field is told above the page, which may have the form no more.
    """
    if not why.field:
        flash(why.text("en" if chosen() == "en" else "zh-CN"), "error")
    come_back(Back(request.script_root + request.path, typed() if fields is None else fields, why))


def wrong(name: str, text: str) -> ActionRefused:
    """What is wrong with a field, in the page's language."""
    return ActionRefused(text, text, name)


def saved(session: Session, form: str) -> None:
    """The form was sent and taken; inside its transaction."""
    config().drafts.drop(session.connection(), current_user.id, form)


def _drafts() -> dict[str, FormDraft]:
    if not current_user.is_authenticated:
        return {}
    if "drafts" not in g:
        g.drafts = config().drafts.of(reading().connection(), current_user.id, now_ms())
    found: dict[str, FormDraft] = g.drafts
    return found


def init(app: Flask) -> None:
    app.jinja_env.globals.update(typed=filled, returned=returned)
