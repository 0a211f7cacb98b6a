"""E-mail and webhook: at least once, always under the same key, tried again with back-off, every attempt logged."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable

import pytest

from hotline.config.tables import NotifySettings
from hotline.notify.email import Mail
from hotline.notify.webhook import Webhook
from services.sweeper import Sweeper
from store import outbox
from store.outbox import Addresses, OutboxNotice
from tests.support.casework import Desk
from tests.support.moments import at
from tests.sweeper.conftest import TO, Kept
from tests.sweeper.servers import HookServer, MailServer, running

Make = Callable[..., Sweeper]
SECRET = "a secret of enough length"


def due(desk: Desk) -> str:
    """A case of 李强 that is due now; its number."""
    case_id = desk.letter()
    desk.do(case_id, "accept", "李强")
    desk.now = at("2026-12-01 00:01")
    return str(desk.case(case_id)["number"])


def mail(server: MailServer, **more: object) -> Mail:
    given = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "none", "mail_from": "hotline@example.cn"}
    return Mail(NotifySettings.model_validate({**given, **more}), "示范中心")


def test_who_is_to_be_told_gets_an_e_mail_in_both_languages(desk: Desk, sweeper: Make) -> None:
    number = due(desk)
    with running(MailServer()) as server:
        to = Addresses(TO.email)
        sweeper(addresses=to, senders={"email": mail(server, smtp_user="u", smtp_secret="s")}).once()
        assert sorted(message["To"] for message in server.taken) == ["lead@example.cn", "li@example.cn"]
        message = server.taken[0]
        assert message["Subject"] == f"[示范中心] {number} 期限已到 due now"
        assert message.get_content().splitlines() == [
            f"工单 {number}：期限已到。", "期限：2026-11-30", "", f"Case {number}: due now.", "Due: 2026-11-30",
        ]  # fmt: skip
        assert message["From"] == "hotline@example.cn" and message["Message-ID"].endswith("@example.cn>")
        assert len(server.logins) == 2
    assert {row["sent"] for row in desk.rows("outbox")} == {desk.now}


def test_a_server_that_refuses_is_tried_again_later_with_the_same_message_id(desk: Desk, sweeper: Make) -> None:
    due(desk)
    to = Addresses({"lead": ("lead@example.cn",)})
    with running(MailServer()) as server:
        server.refuse = 2
        one = sweeper(addresses=to, senders={"email": mail(server)})
        one.once()
        assert server.taken == [] and one.problems == 1
        assert "451" in desk.rows("outbox")[0]["error"]
        desk.now += 29_000
        one.once()  # not yet
        desk.now += 1_000
        one.once()
        desk.now += 60_000
        one.once()
        assert len(server.taken) == 1
    assert [(row["tries"], row["ok"]) for row in desk.rows("deliveries")] == [(1, False), (2, False), (3, True)]


def test_a_server_that_is_away_is_given_up_after_half_a_day_and_not_before(desk: Desk, sweeper: Make) -> None:
    due(desk)
    with running(MailServer()) as server:
        gone = mail(server)
    begun = desk.now
    one = sweeper(addresses=Addresses({"lead": ("lead@example.cn",)}), senders={"email": gone})
    for _ in range(outbox.TRIES_MAX + 5):
        one.once()
        desk.now = desk.rows("outbox")[0]["next_at"] or desk.now
    row = desk.rows("outbox")[0]
    assert (row["tries"], row["next_at"], row["sent"]) == (outbox.TRIES_MAX, None, None)
    assert desk.now - begun > 11 * 3_600_000
    assert len(desk.rows("deliveries")) == outbox.TRIES_MAX


def test_the_webhook_is_signed_and_carries_its_key_and_nobodys_details(desk: Desk, sweeper: Make) -> None:
    number = due(desk)
    with running(HookServer()) as server:
        server.answers = [503, 302]
        server.location = server.url
        one = sweeper(
            addresses=Addresses({}, True), senders={"webhook": Webhook(server.url, SECRET, lambda: 1795590000)}
        )
        for _ in range(3):
            one.once()
            desk.now += 60_000
        assert len(server.taken) == 3  # 503, then a redirect that is not followed, then taken
        assert len({headers["Idempotency-Key"] for headers, _ in server.taken}) == 1
        headers, body = server.taken[-1]
    said = hmac.new(SECRET.encode(), b"1795590000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Hotline-Signature"] == f"sha256={said}" and headers["X-Hotline-Timestamp"] == "1795590000"
    data = json.loads(body)
    assert (data["number"], data["notice"], data["kind"], data["due"]) == (number, "due", "complaint", "2026-11-30")
    assert "13800001111" not in body.decode()
    assert [row["detail"] for row in desk.rows("deliveries")] == [
        "NotTaken: HTTP 503",
        "NotTaken: HTTP 302",
        "HTTP 204",
    ]


def test_one_event_is_one_webhook_and_one_e_mail_to_each_address(desk: Desk, sweeper: Make) -> None:
    due(desk)
    both = Kept()
    to = Addresses({"lead": ("team@example.cn",), "李强": ("team@example.cn", "li@example.cn")}, True)
    sweeper(addresses=to, senders={"email": both, "webhook": both}).once()
    assert sorted((item.channel, item.target) for item in both.sent) == [
        ("email", "li@example.cn"), ("email", "team@example.cn"), ("webhook", ""),
    ]  # fmt: skip


def test_s4_31_a_notice_is_handed_over_within_5_s_whatever_else_takes_long(desk: Desk, sweeper: Make) -> None:
    due(desk)
    stop, made, busy = threading.Event(), threading.Event(), threading.Event()

    class Hangs(Kept):
        def send(self, item: OutboxNotice) -> str:
            stop.wait(120)
            return super().send(item)

    class Tells(Kept):
        def send(self, item: OutboxNotice) -> str:
            made.set()
            return super().send(item)

    def a_report_that_takes_long() -> int:
        if desk.rows("inbox"):
            busy.set()
            stop.wait(120)
        return 0

    hook = Tells()
    one = sweeper(addresses=TO, senders={"email": Hangs(), "webhook": hook}, chores=[a_report_that_takes_long])
    runs = threading.Thread(target=one.run, args=(stop, 0.05))
    runs.start()
    assert busy.wait(60)  # the warning is in the inbox, and the sweeper makes a report
    assert made.wait(60)
    stop.set()
    runs.join(60)
    assert [item.channel for item in hook.sent] == ["webhook"]


def test_what_cannot_be_sent_here_says_where_to_set_it_up(desk: Desk, sweeper: Make) -> None:
    due(desk)
    sweeper(addresses=TO).once()
    assert "see [notify] in docs/settings.md" in desk.rows("outbox")[0]["error"]


def test_without_addresses_nothing_waits_to_be_sent(desk: Desk, sweeper: Make) -> None:
    due(desk)
    sweeper().once()
    assert desk.rows("outbox") == [] and all(row["fanned"] for row in desk.rows("inbox"))


def test_a_lease_lets_one_send_at_a_time_and_ends_by_itself(desk: Desk, sweeper: Make) -> None:
    due(desk)
    one = sweeper(addresses=Addresses({}, True))
    one.warn_one(), one.pass_on_one(), one.pass_on_one()
    with desk.engine.begin() as connection:
        assert outbox.claim(connection, desk.now) is not None
    with desk.engine.begin() as connection:
        assert outbox.claim(connection, desk.now) is None
        again = outbox.claim(connection, desk.now + outbox.LEASE_MS)
    assert again is not None and again.tries == 2


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"smtp_host": "mail.example.cn"}, "mail_from"),
        ({"webhook_url": "https://example.cn/x", "webhook_secret": "short"}, "at least 16 characters"),
        ({"webhook_url": "file:///etc/passwd"}, "pattern"),
        ({"addresses": {"lead": ["nobody"]}}, "write an e-mail address"),
    ],
)
def test_settings_that_cannot_work_say_what_to_write(settings: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        NotifySettings.model_validate(settings)
