"""The panel's server: a free port, TLS, a log without personal data, a clean end."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import urllib.request

import pytest

from web.server import TlsFiles, serve


class Served:
    def __init__(self, app, tls=None, **more):
        self.stop, ready = threading.Event(), threading.Event()

        def bound(host, port):
            self.host, self.port = host, port
            ready.set()

        self.thread = threading.Thread(target=serve, args=(app, "127.0.0.1", 0, tls, self.stop, bound), kwargs=more)
        self.thread.start()
        assert ready.wait(30)

    def end(self):
        self.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def served(app):
    server = Served(app)
    yield server
    server.end()


def test_it_serves_the_panel(served):
    with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/log-in", timeout=30) as answer:
        assert answer.status == 200
        assert answer.headers["Server"].startswith("hotline")
        assert "登录" in answer.read().decode()


def test_the_log_has_no_query(served, caplog):
    with caplog.at_level(logging.DEBUG, "web.access"):
        urllib.request.urlopen(
            f"http://127.0.0.1:{served.port}/log-in?next=/calls&caller=13812345678", timeout=30
        ).close()
    assert "GET '/log-in' 200" in caplog.text
    assert "13812345678" not in caplog.text


def test_it_stops_cleanly_and_the_port_is_free_again(app):
    server = Served(app)
    server.end()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))


def test_a_taken_port_is_said_plainly(app, served):
    with pytest.raises(OSError, match=r"cannot listen on 127.0.0.1:\d+.*--panel"):
        serve(app, "127.0.0.1", served.port, None, threading.Event())


def test_it_speaks_tls(world, tmp_path):
    from hotline import tls
    from web import create_app

    made = tls.make(tmp_path / "tls", ["127.0.0.1"])
    server = Served(create_app(world.config(tls=True)), TlsFiles(made.certificate, made.key))
    try:
        context = ssl.create_default_context(cafile=str(made.ca))
        with urllib.request.urlopen(f"https://127.0.0.1:{server.port}/log-in", timeout=30, context=context) as answer:
            assert answer.status == 200
            assert "Secure" in answer.headers["Set-Cookie"]
    finally:
        server.end()


def test_a_missing_certificate_says_how_to_make_one(app, tmp_path):
    with pytest.raises(OSError, match="hotline tls init"):
        serve(app, "127.0.0.1", 0, TlsFiles(tmp_path / "a.crt", tmp_path / "a.key"), threading.Event())
