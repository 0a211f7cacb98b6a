"""Notices on their way out of the house: e-mail and webhook, as the settings say."""

from __future__ import annotations

from hotline.config.settings import Settings
from hotline.notify.email import Mail
from hotline.notify.webhook import Webhook
from services.sweeper import Sender
from store import reports
from store.engine import Engine, reading
from store.outbox import Addresses
from store.reports import FinishedReport


def senders(settings: Settings, engine: Engine) -> dict[str, Sender]:
    """What can be sent by, by channel; empty when nothing is set up."""
    notify, found = settings.notify, dict[str, Sender]()
    if notify.smtp_host:
        found["email"] = Mail(notify, settings.unit.name, report=lambda key: _report(engine, key))
    if notify.webhook_url:
        found["webhook"] = Webhook(notify.webhook_url, notify.webhook_secret)
    return found


def _report(engine: Engine, key: str) -> FinishedReport | None:
    with reading(engine).connect() as connection:
        return reports.load(connection, key)


def addresses(settings: Settings) -> Addresses:
    """Where notices go besides the inbox."""
    notify = settings.notify
    return Addresses(dict(notify.addresses) if notify.smtp_host else {}, bool(notify.webhook_url))
