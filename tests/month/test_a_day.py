"""A day of a city in virtual time, and all that follows from it, until the last case is archived (issue 4, no. 3)."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pytest

from hotline.config.tables import NotifySettings
from hotline.notify.email import Mail
from hotline.notify.webhook import Webhook
from ivr.report.span import Span
from store.journal.rebuild import verify
from store.outbox import Addresses
from tests.month.proof import prove, rows
from tests.support.city.city import City
from tests.support.moments import ZONE
from tests.support.nightly import NIGHTLY
from tests.sweeper.servers import HookServer, MailServer, running

CALLS = 600 if NIGHTLY else 400
TO = Addresses({"lead": ("lead@example.cn",), "supervisor": ("boss@example.cn",)}, webhook=True)


@pytest.mark.timeout(900)  # seconds of work, minutes beside others
def test_nobody_falls_through_no_promise_is_missed_silently_and_the_report_is_what_happened(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(MailServer()) as mail, running(HookServer()) as hook:
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_tls": "none", "mail_from": "hotline@example.cn"}
        senders = {
            "email": Mail(NotifySettings.model_validate(smtp), "示范中心"),
            "webhook": Webhook(hook.url, "a secret of enough length"),
        }
        city = City(tmp_path, seed=11, addresses=TO, senders=senders)
        with caplog.at_level(logging.ERROR):
            city.live(days=1, calls_a_day=CALLS)
            city.wind_down()
        keys = [headers["Idempotency-Key"] for headers, _ in hook.taken]
        mails = [message["Message-ID"] for message in mail.taken]
    first, month = Span(date(2026, 9, 1), date(2026, 9, 1), ZONE), Span.month(2026, 9, ZONE)
    proof = prove(city, first, month)
    assert proof.calls > CALLS and proof.cases > CALLS // 40 and proof.warnings > CALLS // 30
    assert all(proof.ends[end] for end in ("person", "case", "callback", "hung up"))
    assert not city.staff.refused and not caplog.records
    assert len(keys) == len(set(keys)) == len({row["event"] for row in rows(city, "inbox")})
    assert len(mails) == len(set(mails)) > CALLS // 30
    assert verify(city.engine) == []
