"""The online voice over a real socket: gTTS's own requests, our certificate check and time-out."""

from __future__ import annotations

import base64
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from recordings.online import Online, fetch_gtts
from recordings.studio import Studio, VoiceError
from recordings.voices import Voices
from tests.recordings.conftest import record


class Detour(HTTPAdapter):
    """Sends what is meant for the service to a server on this machine, and notes how it was sent."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port, self.sent = port, list[dict[str, object]]()

    def send(self, request: requests.PreparedRequest, **how: object) -> requests.Response:  # type: ignore[override]
        self.sent.append({"url": request.url, **how})
        request.url = f"http://127.0.0.1:{self.port}/"
        return super().send(request, **(how | {"proxies": {}}))  # type: ignore[arg-type]


@pytest.fixture
def service() -> Iterator[Callable[[int, bytes], Detour]]:
    """Starts a web server with one fixed answer."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(status: int, body: bytes) -> Detour:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return Detour(server.server_port)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def through(detour: Detour) -> Callable[[str, str, float], bytes]:
    def fetch(text: str, lang: str, timeout_s: float) -> bytes:
        session = requests.Session()
        session.mount("https://", detour)
        return fetch_gtts(text, lang, timeout_s, session)

    return fetch


def as_the_service_says(mp3: bytes) -> bytes:
    sound = base64.b64encode(mp3).decode()
    return f')]}}\'\n\n[["wrb.fr","jQ1olc","[\\"{sound}\\"]",null,null,null,"generic"]]'.encode()


def test_a_prompt_comes_over_the_wire_and_into_the_cache(
    tmp_path: Path, studio: Studio, service: Callable[[int, bytes], Detour]
) -> None:
    detour = service(200, as_the_service_says(record(tmp_path / "say.mp3", 24000).read_bytes()))
    voices = Voices(tmp_path / "cache", allow_online=True, studio=studio, online=Online(through(detour)))
    assert voices.build(["您好,请讲。"]).sources == {"gtts": 1}
    assert voices.speak("您好,请讲。").source == "gtts"
    assert 500 < voices.speak("您好,请讲。").ms < 1500


def test_the_certificate_is_checked_and_the_time_out_kept(service: Callable[[int, bytes], Detour]) -> None:
    detour = service(200, as_the_service_says(b"sound"))
    assert through(detour)("您好", "zh-CN", 2.5) == b"sound"
    assert str(detour.sent[0]["url"]).startswith("https://translate.google")
    assert detour.sent[0]["verify"] is not False
    assert detour.sent[0]["timeout"] == 2.5


def test_a_refusal_is_an_unreachable_service(service: Callable[[int, bytes], Detour]) -> None:
    online = Online(through(service(429, b"too many requests")))
    with pytest.raises(VoiceError, match=r"unreachable .*429"):
        online.say("您好", "zh-CN")
    assert "429" in online.trouble


def test_an_answer_without_sound_concerns_only_this_text(service: Callable[[int, bytes], Detour]) -> None:
    online = Online(through(service(200, b"<html>what?</html>")))
    with pytest.raises(VoiceError, match="without audio"):
        online.say("您好", "zh-CN")
    assert online.trouble == ""


def test_a_service_that_accepts_and_keeps_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        online = Online(through(Detour(silent.getsockname()[1])), timeout_s=0.2)
        with pytest.raises(VoiceError, match=r"unreachable .*timed out"):
            online.say("您好", "zh-CN")


def test_a_closed_port_is_an_unreachable_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(VoiceError, match="unreachable"):
        Online(through(Detour(port))).say("您好", "zh-CN")
