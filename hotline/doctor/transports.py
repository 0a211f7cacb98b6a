"""Whether SIP over TCP and TLS is answered, and the certificate that is shown; part of ``hotline doctor``."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from hotline.config.settings import Settings
from hotline.config.values import Address
from hotline.finding import Finding
from hotline.ports import reachable
from hotline.process import runfile

WHAT = "transports"
SOON = timedelta(days=30)
ANSWER_S = 3.0


def examine(settings: Settings) -> Iterator[Finding]:
    """What is switched on is there; nothing is said of what is off."""
    sip = settings.sip
    if sip.tls is not None:
        assert sip.tls_cert and sip.tls_key  # settings_file sets both
        yield _certificate(sip.tls_cert, sip.tls_key)
    if sip.tls_ca is not None and not sip.tls_ca.is_file():
        yield Finding(WHAT, "FAIL", f"there is no {sip.tls_ca}", "correct [sip] tls_ca")
    if "calls" not in runfile.read(settings.data.dir):
        return
    for name, where in (("TCP", sip.listen if sip.tcp else None), ("TLS", sip.tls)):
        if where is not None:
            yield _answers(name, where)


def _certificate(certificate: Path, key: Path) -> Finding:
    todo = "run: hotline tls init, or correct [sip] tls_cert and tls_key"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        until = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:  # ``ssl.SSLError`` is an ``OSError``
        return Finding(WHAT, "FAIL", f"phones cannot be shown {certificate} with {key}: {error}", todo)
    left = until - datetime.now(UTC)
    if left <= timedelta(0):
        return Finding(
            WHAT,
            "FAIL",
            f"the certificate {certificate} ended on {until:%Y-%m-%d}",
            "renew it: hotline tls init --renew",
        )
    if left < SOON:
        return Finding(
            WHAT,
            "warn",
            f"the certificate {certificate} ends on {until:%Y-%m-%d}",
            "renew it: hotline tls init --renew",
        )
    return Finding(WHAT, "ok", f"{certificate} is good until {until:%Y-%m-%d}")


def _answers(transport: str, where: Address) -> Finding:
    """Does somebody take a connection there (and finish a handshake)?"""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # whether it answers; not whose it is
    try:
        with socket.create_connection(reachable(where), ANSWER_S) as plain:
            if transport == "TLS":
                context.wrap_socket(plain).close()
    except OSError as error:
        return Finding(WHAT, "FAIL", f"SIP over {transport} does not answer at {where}: {error}",
                       "start the hotline anew; with Asterisk: hotline asterisk init, core reload")  # fmt: skip
    return Finding(WHAT, "ok", f"SIP over {transport} answers at {where}")
