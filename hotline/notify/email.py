"""Notices by e-mail (SMTP). The Message-ID comes from the notice's key, so one sent twice is one in the mailbox."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from hotline.settings import Notify
from ivr.cases import notices
from ivr.store.sweeping import Outgoing

TIMEOUT_S = 20.0


class Mail:
    """Sends by the server of the settings. Implements :class:`ivr.sweeper.Sender`."""

    def __init__(self, settings: Notify, unit: str, tls: ssl.SSLContext | None = None) -> None:
        self._settings, self._unit = settings, unit
        self._tls = tls or ssl.create_default_context()

    def send(self, item: Outgoing) -> str:
        """Hand the message to the server. Raises ``OSError`` (every SMTP error is one)."""
        how = self._settings
        server: smtplib.SMTP
        if how.smtp_tls == "tls":
            server = smtplib.SMTP_SSL(how.smtp_host, how.smtp_port, timeout=TIMEOUT_S, context=self._tls)
        else:
            server = smtplib.SMTP(how.smtp_host, how.smtp_port, timeout=TIMEOUT_S)
        with server:
            if how.smtp_tls == "starttls":
                server.starttls(context=self._tls)
            if how.smtp_user:
                server.login(how.smtp_user, how.smtp_secret)
            server.send_message(self.message(item))
        return f"accepted by {how.smtp_host}:{how.smtp_port}"

    def message(self, item: Outgoing) -> EmailMessage:
        """The message; the same bytes for the same notice, whenever it is sent."""
        sender = self._settings.mail_from
        message = EmailMessage()
        message["From"], message["To"] = sender, item.target
        message["Subject"] = notices.subject(item.data, self._unit)
        message["Date"] = format_datetime(datetime.fromtimestamp(item.data["at"] / 1000, UTC))
        name = hashlib.sha256(item.key.encode()).hexdigest()[:40]
        message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2].rstrip('>') or 'hotline'}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notices.body(item.data, self._settings.panel_url))
        return message
