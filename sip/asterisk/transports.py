"""PJSIP's transports, and how the provider is reached over them: sections of ``pjsip.conf`` as pairs, pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sip.asterisk.config import Site
from sip.core.config import TrunkConfig
from sip.core.sip_messages import host_port

Lines = list[tuple[str, object]]

SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")  # Debian's; PJSIP looks nowhere by itself
NAMES = {"UDP": "transport", "TCP": "transport-tcp", "TLS": "transport-tls"}


def transports(site: Site) -> Sequence[tuple[str, Lines]]:
    """What is listened for. A phone's registration and calls to it go over its own connection by themselves."""
    here = host_port((site.sip_host, site.sip_port))
    found: list[tuple[str, Lines]] = [(NAMES["UDP"], [*_transport("udp", here), *_advertised(site)])]
    if site.tcp:
        found.append((NAMES["TCP"], [*_transport("tcp", here), *_advertised(site)]))
    if site.tls is not None:
        checked: Lines = [
            ("cert_file", site.tls.cert),
            ("priv_key_file", site.tls.key),
            ("method", "tlsv1_2"),
            ("ca_list_file", site.trusted or SYSTEM_CA),
            ("verify_server", "yes"),  # the provider's certificate and name; phones show none
        ]
        where = host_port((site.tls.host, site.tls.port))
        found.append((NAMES["TLS"], [*_transport("tls", where), *_advertised(site), *checked]))
    return found


def server_uri(trunk: TrunkConfig, user: str = "") -> str:
    """The provider's server; without a port its SRV records are asked for (by ``res_resolver_unbound``)."""
    transport = "" if trunk.transport == "UDP" else f";transport={trunk.transport.lower()}"
    return f"sip:{user}{'@' if user else ''}{trunk.registrar}{transport}"


def over(trunk: TrunkConfig) -> Lines:
    """What binds an endpoint or a registration to the trunk's transport."""
    return [] if trunk.transport == "UDP" else [("transport", NAMES[trunk.transport])]


def _transport(protocol: str, bind: str) -> Lines:
    return [("type", "transport"), ("protocol", protocol), ("bind", bind)]


def _advertised(site: Site) -> Lines:
    if not site.advertised_host:
        return []
    return [("external_media_address", site.advertised_host), ("external_signaling_address", site.advertised_host)]
