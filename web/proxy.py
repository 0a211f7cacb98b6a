"""The reverse proxies in front: what they say of the browser is believed, what anybody else says of it is not."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("web")
LOOPBACK = ("127.0.0.0/8", "::1/128")


def among(networks: Sequence[str]) -> Callable[[str], bool]:
    """Whether an address is of one of the networks."""
    every = [ipaddress.ip_network(network) for network in networks]

    def known(address: str) -> bool:
        try:
            found = ipaddress.ip_address(address.split("%", 1)[0])
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None) or found
        return any(mapped in network for network in every if network.version == mapped.version)

    return known


def behind(app: WSGIApplication, hops: int, networks: Sequence[str]) -> WSGIApplication:
    """``app`` behind so many proxies, which connect from these networks: address, scheme, host and prefix are theirs.

    From anywhere else the ``X-Forwarded-`` headers are taken away, and it is told once.
    """
    believed = ProxyFix(app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)
    trusted, told = among(networks), [False]

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if trusted(str(environ.get("REMOTE_ADDR", ""))):
            return believed(environ, start_response)
        claims = [name for name in environ if name.startswith("HTTP_X_FORWARDED_")]
        for name in claims:
            del environ[name]
        if claims and not told[0]:
            told[0] = True
            log.warning(
                "X-Forwarded headers came from %s and are not believed; is it your proxy? [panel] proxy_networks",
                environ.get("REMOTE_ADDR"),
            )
        return app(environ, start_response)

    return choose
