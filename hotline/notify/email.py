"""Notices by e-mail (SMTP). The Message-ID comes from the notice's key, so one sent twice is one in the mailbox."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from hotline.config.tables import NotifySettings
from ivr.cases import notices
from store.outbox import OutboxNotice
from store.reports import FinishedReport

TIMEOUT_S = 20.0
SHEET = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Mail:
    """Sends by the server of the settings. Implements :class:`services.sweeper.Sender`."""

    def __init__(
        self,
        settings: NotifySettings,
        unit: str,
        tls: ssl.SSLContext | None = None,
        report: Callable[[str], FinishedReport | None] | None = None,
    ) -> None:
        """``report``: finds a report that was made, by its key."""
        self._settings, self._unit = settings, unit
        self._report = report or (lambda key: None)
        self._tls = tls or ssl.create_default_context()

    def send(self, item: OutboxNotice) -> str:
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

    def message(self, item: OutboxNotice) -> EmailMessage:
        """The message; the same bytes for the same notice, whenever it is sent."""
        sender = self._settings.mail_from
        message = EmailMessage()
        message["From"], message["To"] = sender, item.target
        key = item.data.get("report")
        title = f"[{self._unit}] {item.data['title']}" if key else notices.subject(item.data, self._unit)
        message["Subject"] = title
        message["Date"] = format_datetime(datetime.fromtimestamp(item.data["at"] / 1000, UTC))
        name = hashlib.sha256(item.key.encode()).hexdigest()[:40]
        message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2].rstrip('>') or 'hotline'}>"
        message["Auto-Submitted"] = "auto-generated"
        if key:
            self._put_report(message, str(key), name)
        else:
            message.set_content(notices.body(item.data, self._settings.panel_url))
        return message

    def _put_report(self, message: EmailMessage, key: str, name: str) -> None:
        """The report as the body (plain words for readers without HTML), its files attached."""
        report = self._report(key)
        if report is None:
            raise LookupError(f"the report {key} is no longer there")
        plain = f"{report.title}\n{self._unit}\n{self._settings.panel_url}".strip() + "\n"
        message.set_content(plain)
        message.add_alternative(report.html, subtype="html")
        file = key.replace(":", "-")
        for data, kind, ending in ((report.pdf, "pdf", "pdf"), (report.xlsx, SHEET, "xlsx")):
            if data:
                message.add_attachment(data, maintype="application", subtype=kind, filename=f"{file}.{ending}")
        for n, part in enumerate(part for part in message.walk() if part.is_multipart()):
            part.set_boundary(f"{name}{n}")  # the same bytes, however often it is sent
