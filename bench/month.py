"""A month of a city in virtual time: 5,000 calls a day, casework, sweeper, call-backs; then the report is recounted.

    python bench/month.py                     # 30 days of 5,000 calls
    python bench/month.py --days 3 --calls 1000
    python bench/month.py --gate              # exit 1 when something does not hold; an hour, more beside other work

Conductor, flows, store (SQLite, one file, commits that need not survive a power cut), casework, sweeper, e-mail and
webhook are the shipped ones; citizens and staff are in ``tests/support/city``. What must hold is in
``tests/month/proof.py``: nobody falls through, every case ends, no warning is missed, and every figure of the report of
the month and of each of its days equals a second count from the journal.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hotline.config.tables import NotifySettings
from hotline.notify.email import Mail
from hotline.notify.webhook import Webhook
from ivr.report.span import Span
from store.outbox import Addresses
from tests.month.proof import Proof, prove, rows
from tests.support.city.city import City
from tests.support.moments import ZONE
from tests.sweeper.servers import HookServer, MailServer, running

TO = Addresses({"lead": ("lead@example.cn",), "supervisor": ("boss@example.cn",)}, webhook=True)


def lived(folder: Path, days: int, calls: int, seed: int) -> tuple[City, int]:
    """A city after its month, and how many e-mails and webhooks reached the other side."""
    with running(MailServer()) as mail, running(HookServer()) as hook:
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_tls": "none", "mail_from": "hotline@example.cn"}
        senders = {
            "email": Mail(NotifySettings.model_validate(smtp), "Model Centre"),
            "webhook": Webhook(hook.url, "a secret of enough length"),
        }
        city = City(folder, seed, addresses=TO, senders=senders)
        for _ in range(days):
            city.live(1, calls)
            print(".", end="", file=sys.stderr, flush=True)
        city.wind_down()
        print(file=sys.stderr)
        taken = [headers["Idempotency-Key"] for headers, _ in hook.taken]
        letters = [message["Message-ID"] for message in mail.taken]
    assert len(taken) == len(set(taken)) == len({row["event"] for row in rows(city, "inbox")})
    assert len(letters) == len(set(letters))
    return city, len(taken) + len(letters)


def told(proof: Proof, sent: int, took: dict[str, float]) -> None:
    """The table of ``docs/performance.md``."""
    seconds = took["the life"]
    print(f"{'calls':32} {proof.calls:10,}   {1000 * seconds / proof.calls:.2f} ms each, casework and all")
    print(f"{'cases, each brought to its end':32} {proof.cases:10,}")
    print(f"{'warnings, each to the right ones':32} {proof.warnings:10,}")
    print(f"{'e-mails and webhooks, once each':32} {sent:10,}")
    print(f"{'figures equal to the recount':32} {proof.figures:10,}")
    for end, number in proof.ends.most_common():
        print(f"{'  calls that ended: ' + end:32} {number:10,}")
    for what, took_s in took.items():
        print(f"{what:32} {took_s:10.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--calls", type=int, default=5000, help="on each day")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--gate", action="store_true", help="fail when something does not hold")
    options = parser.parse_args()
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        city, sent = lived(Path(folder), options.days, options.calls, options.seed)
        life = time.perf_counter() - began
        try:
            proof = prove(city, Span.month(2026, 9, ZONE))
        except AssertionError:
            print(f"does not hold: {traceback.format_exc(limit=-3)}")
            return int(options.gate)
        city.engine.dispose()
    whole = time.perf_counter() - began
    told(proof, sent, {"the life": life, "report and recount": whole - life})
    assert proof.calls >= options.days * options.calls * 0.99
    return 0


if __name__ == "__main__":
    sys.exit(main())
