"""Encrypted sound and telephones in a browser, prepared: the real Asterisk loads it and speaks SIP over WSS."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import websockets

from hotline import tls
from hotline.asterisk.setup import write
from hotline.config.file import load
from hotline.config.settings import Settings, SettingsError
from sip.asterisk.config import Wss
from sip.core.config import SeatConfig
from tests.support.asterisk import bare
from tests.support.ports import free_address

REGISTER = """\
REGISTER sip:hotline SIP/2.0
Via: SIP/2.0/WSS browser.invalid;branch=z9hG4bKbrowser;rport
From: <sip:103@hotline>;tag=browser
To: <sip:103@hotline>
Call-ID: browser@browser.invalid
CSeq: 1 REGISTER
Max-Forwards: 70
Contact: <sip:103@browser.invalid;transport=ws>
Content-Length: 0

"""


@pytest.mark.network
def test_asterisk_loads_srtp_and_webrtc_seats_without_a_warning_and_speaks_sip_over_wss(tmp_path: Path) -> None:
    made = tls.make(tmp_path / "tls", ["127.0.0.1"])
    where = free_address()
    asterisk, site = bare(tmp_path / "asterisk", {"101": "secret101"})
    site = replace(
        site,
        wss=Wss(where.host, where.port, tmp_path / "tls" / "server.crt", tmp_path / "tls" / "server.key"),
        seats={
            **site.seats,
            "102": SeatConfig("102", "secret102", encryption="srtp"),
            "103": SeatConfig("103", "secret103", encryption="webrtc"),
        },
    )
    write(site)

    async def register() -> str:
        trusted = ssl.create_default_context(cafile=str(tmp_path / "tls" / "hotline-ca.crt"))
        url = f"wss://127.0.0.1:{where.port}/ws"
        async with asyncio.timeout(10), websockets.connect(url, ssl=trusted, subprotocols=["sip"]) as socket:  # type: ignore[list-item]
            assert socket.subprotocol == "sip"
            await socket.send(REGISTER.replace("\n", "\r\n"))
            return str(await socket.recv())

    assert made
    try:
        asterisk.start()
        assert not re.findall(r".*(?:WARNING|ERROR)\[.*", asterisk.output())
        told = asyncio.run(register())
        assert told.startswith("SIP/2.0 401") and "WWW-Authenticate: Digest" in told
        assert "dtls" in asterisk.cli("pjsip show endpoint 103").lower()
        assert re.search(r"media_encryption\s*: sdes", asterisk.cli("pjsip show endpoint 102"))
        assert re.search(r"media_encryption\s*: no", asterisk.cli("pjsip show endpoint 101"))
    finally:
        asterisk.stop()


def test_a_browser_at_the_built_in_engine_or_without_wss_is_an_error(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    seat = '[seats.101]\nsecret = "long-enough-secret"\nencryption = "{}"\n'
    config.write_text(seat.format("srtp"))
    assert load(config, environ={}).seats["101"].encryption == "srtp"
    config.write_text(seat.format("webrtc"))
    with pytest.raises(SettingsError, match='"webrtc" needs engine = "asterisk"'):
        load(config, environ={})
    config.write_text('engine = "asterisk"\n[asterisk]\nsecret = "word"\n' + seat.format("webrtc"))
    with pytest.raises(SettingsError, match="needs \\[asterisk\\] wss"):
        load(config, environ={})
    config.write_text(
        'engine = "asterisk"\n[asterisk]\nsecret = "word"\nwss = "127.0.0.1:8089"\n' + seat.format("webrtc")
    )
    settings: Settings = load(config, environ={})
    assert settings.asterisk.tls_cert == tmp_path / "data" / "tls" / "server.crt"
