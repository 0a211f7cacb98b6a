"""Choose where the hotline listens: the addresses asked for, else the next free ones."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.config.settings import Settings
from hotline.config.values import Address
from hotline.engines.choice import engine_of
from hotline.errors import CannotRun
from hotline.ports import is_free, next_free


class AddressTaken(CannotRun):
    """An address that was asked for is not free; the text says what to do."""


@dataclass(frozen=True)
class Chosen:
    """Settings with addresses that were free a moment ago, and what is worth telling about them."""

    settings: Settings
    notes: tuple[str, ...]


def choose_addresses(settings: Settings, *, sip: bool = True, panel: bool = True, own_program: bool = False) -> Chosen:
    """Keep given addresses (or raise :class:`AddressTaken`); move default ones to the next free port.

    ``own_program``: we start the program that listens for SIP.
    """
    notes: list[str] = []
    changes: dict[str, Address] = {}
    for name, wanted, explicit, udp, use in (
        ("sip", settings.sip.listen, settings.sip_explicit, True, sip),
        ("panel", settings.panel.listen, settings.panel_explicit, False, panel),
    ):
        if name == "sip" and not (engine_of(settings).listens or own_program):
            continue  # its program is there already
        if not use or is_free(wanted, udp=udp):
            continue
        found = None if explicit else next_free(wanted, udp=udp)
        if found is None:
            raise AddressTaken(
                f"{wanted} is taken by another program or is not an address of this machine; "
                f"end that program, or choose another with --{name} HOST:PORT"
            )
        notes.append(f"port {wanted.port} is taken, so the {name} address is {found}")
        changes[name] = found
    return Chosen(settings.at(**changes), tuple(notes))


def panel_url(settings: Settings) -> str:
    """Where the browser goes."""
    return f"{'https' if settings.panel.tls_cert else 'http'}://{settings.panel.listen}"
