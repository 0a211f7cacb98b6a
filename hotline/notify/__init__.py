"""Notices on their way out of the house: e-mail and webhook, as the settings say."""

from __future__ import annotations

from hotline.notify.email import Mail
from hotline.notify.webhook import Webhook
from hotline.settings import Settings
from ivr.store.sweeping import Addresses
from ivr.sweeper import Sender


def senders(settings: Settings) -> dict[str, Sender]:
    """What can be sent by, by channel; empty when nothing is set up."""
    notify, found = settings.notify, dict[str, Sender]()
    if notify.smtp_host:
        found["email"] = Mail(notify, settings.unit.name)
    if notify.webhook_url:
        found["webhook"] = Webhook(notify.webhook_url, notify.webhook_secret)
    return found


def addresses(settings: Settings) -> Addresses:
    """Where notices go besides the inbox."""
    notify = settings.notify
    return Addresses(dict(notify.addresses) if notify.smtp_host else {}, bool(notify.webhook_url))
