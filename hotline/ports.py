"""Free ports and signs of life: can this address be bound, does somebody answer there?"""

from __future__ import annotations

import contextlib
import http.client
import secrets
import socket
import ssl
from urllib.parse import urlsplit

from hotline.config.values import Address

TRIES = 50  # how far the next free port is looked for


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def is_free(address: Address, *, udp: bool) -> bool:
    """Can the address be bound now? SIP needs UDP and TCP (``udp=True``), the panel TCP alone."""
    kinds = [socket.SOCK_STREAM, socket.SOCK_DGRAM] if udp else [socket.SOCK_STREAM]
    for kind in kinds:
        with socket.socket(_family(address.host), kind) as probe:
            if kind == socket.SOCK_STREAM:  # as servers do: a port in TIME_WAIT is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(tuple(address))
            except OSError:
                return False
    return True


def next_free(address: Address, *, udp: bool) -> Address | None:
    """The address itself, or the same host with the next free port."""
    for port in range(address.port, min(address.port + TRIES, 65536)):
        candidate = Address(address.host, port)
        if is_free(candidate, udp=udp):
            return candidate
    return None


def any_free(host: str = "127.0.0.1", *, udp: bool = True) -> Address:
    """A free port chosen by the system."""
    while True:
        with socket.socket(_family(host), socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
            address = Address(host, probe.getsockname()[1])
        if is_free(address, udp=udp):
            return address


def reachable(address: Address) -> Address:
    """Where to reach something that listens on ``address`` from this machine (0.0.0.0 is everywhere)."""
    return Address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host), address.port)  # noqa: S104 - read, not bound


def is_ours(host: str) -> bool:
    """Is it an address of this machine?"""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def phone_host(target: Address) -> str:
    """Where a telephone on this machine binds to call ``target``: its loopback if that is this machine, too.

    So a call from here is known as one, whatever address the hotline listens at.
    """
    host = reachable(target).host
    if host == "localhost" or is_ours(host):
        return "::1" if ":" in host else "127.0.0.1"
    return "::" if ":" in host else "0.0.0.0"  # noqa: S104 - read, not bound


def sip_answers(address: Address, timeout_s: float = 1.0) -> bool:
    """Does a SIP element answer an OPTIONS request there? Any final answer is a sign of life."""
    target = reachable(address)
    tag = secrets.token_hex(6)
    with socket.socket(_family(target.host), socket.SOCK_DGRAM) as probe:
        probe.settimeout(timeout_s)
        with contextlib.suppress(OSError):
            probe.connect(tuple(target))
            here = Address(*probe.getsockname()[:2])
            probe.send(
                (
                    f"OPTIONS sip:hotline@{target} SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{tag};rport\r\n"
                    f"From: <sip:probe@{here}>;tag={tag}\r\nTo: <sip:hotline@{target}>\r\n"
                    f"Call-ID: {tag}@{here.host}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\n"
                    f"Contact: <sip:probe@{here}>\r\nContent-Length: 0\r\n\r\n"
                ).encode()
            )
            return probe.recv(4096).startswith(b"SIP/2.0 ")
    return False


def web_answers(url: str, timeout_s: float = 2.0) -> bool:
    """Does a web server answer there? Any status is a sign of life; the certificate is not judged."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    target = reachable(Address(parts.hostname or "", parts.port or 80))
    connection = (
        http.client.HTTPSConnection(*target, timeout=timeout_s, context=context)
        if parts.scheme == "https"
        else http.client.HTTPConnection(*target, timeout=timeout_s)
    )
    try:
        connection.request("HEAD", parts.path or "/")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
