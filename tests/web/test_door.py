"""Nobody stops the panel: silence, slowness and held streams cost no thread, and end in their time."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
import urllib.request

import pytest

from tests.support.waiting import wait_until
from tests.web.conftest import Auth
from tests.web.test_server import Served
from web import bridge, create_app, door
from web.server import TlsFiles

MANY = 40  # far more than there are threads
PATIENCE_S = 60.0  # a busy machine is slow


def _get(server, path="/log-in", headers=None, scheme="http", context=None):
    request = urllib.request.Request(f"{scheme}://127.0.0.1:{server.port}{path}", headers=headers or {})
    with urllib.request.urlopen(request, timeout=PATIENCE_S, context=context) as answer:
        return answer.read().decode()


def _open(server, said=b"", address="127.0.0.2"):
    found = socket.create_connection(("127.0.0.1", server.port), 10, source_address=(address, 0))
    found.sendall(said)
    return found


def _held(connection):
    """It is open still, and nothing was said: who was served meanwhile did not wait for its end."""
    connection.setblocking(False)
    try:
        connection.recv(1)
    except BlockingIOError:
        return True
    return False


def _ends(connection, within=PATIENCE_S):
    connection.settimeout(within)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


@pytest.fixture
def served(app):
    server = Served(app)
    yield server
    server.end()


def test_silent_and_slow_connections_hold_nobody_up(served, monkeypatch):
    monkeypatch.setattr(door, "HEAD_S", PATIENCE_S)
    monkeypatch.setattr(bridge, "READ_S", PATIENCE_S)
    silent = [_open(served) for _ in range(MANY)]
    slow = [_open(served, b"GET /log-in HTTP/1.1\r\nHost: x\r\nX-Slow: ") for _ in range(MANY)]
    slow += [_open(served, b"POST /log-in HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\na") for _ in range(MANY)]
    try:
        for _ in range(3):
            assert "登录" in _get(served)
        assert all(map(_held, (*silent, *slow)))
    finally:
        for one in (*silent, *slow):
            one.close()


def test_a_silent_handshake_holds_nobody_up(world, tmp_path, monkeypatch):
    monkeypatch.setattr(door, "HANDSHAKE_S", PATIENCE_S)
    from hotline import tls

    made = tls.make(tmp_path / "tls", ["127.0.0.1"])
    server = Served(create_app(world.config(tls=True)), TlsFiles(made.certificate, made.key))
    silent = [_open(server) for _ in range(MANY)]
    try:
        context = ssl.create_default_context(cafile=str(made.ca))
        assert "登录" in _get(server, scheme="https", context=context)
        assert all(map(_held, silent))
    finally:
        for one in silent:
            one.close()
        server.end()


def test_a_request_that_comes_byte_by_byte_is_cut_off(served, monkeypatch):
    monkeypatch.setattr(door, "HEAD_S", 0.4)
    connection = _open(served, b"GET / HT")
    stop = threading.Event()

    def drip():
        while not stop.wait(0.05):
            try:
                connection.sendall(b"T")
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    assert _ends(connection), "each byte renewed the time"
    stop.set()


def test_a_body_that_does_not_come_is_refused_in_time(served, monkeypatch):
    monkeypatch.setattr(bridge, "READ_S", 0.4)
    connection = _open(served, b"POST /log-in HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nab")
    connection.settimeout(PATIENCE_S)
    assert connection.recv(100).startswith(b"HTTP/1.1 408")
    assert _ends(connection)


def test_a_body_that_is_too_long_is_refused_before_it_is_read(served):
    connection = _open(served, b"POST /log-in HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    connection.settimeout(PATIENCE_S)
    assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_an_answer_nobody_reads_holds_no_thread_and_ends(monkeypatch):
    def long(_environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"x" * 65536 for _ in range(1000))

    def short(_environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    monkeypatch.setattr(door, "WHOLE_S", 2.0)
    server = Served(lambda environ, start: (long if environ["PATH_INFO"] == "/long" else short)(environ, start))
    held = [_open(server, b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(MANY)]
    try:
        assert _get(server, "/short") == "ok"
        time.sleep(2.5)  # real time: the deadline of what is not read
        assert all(_ends(one) for one in held[:3])
    finally:
        for one in held:
            one.close()
        server.end()


def test_a_long_answer_that_is_read_comes_whole():
    def long(_environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"%07d\n" % n for n in range(200_000))

    server = Served(long)
    try:
        text = _get(server, "/")
        assert len(text) == 1_600_000
        assert text.endswith("0199999\n")
    finally:
        server.end()


def test_connections_of_an_address_are_bounded_and_the_proxys_are_not(app, monkeypatch):
    monkeypatch.setattr(door, "PER_ADDRESS", 5)
    server = Served(app, spared=lambda address: address == "127.0.0.3")
    held = [_open(server) for _ in range(5)]
    try:
        assert _ends(_open(server)), "the sixth is refused"
        assert "登录" in _get(server), "another address is not concerned"
        proxy = [_open(server, address="127.0.0.3") for _ in range(8)]
        proxy[-1].sendall(b"GET /log-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        proxy[-1].settimeout(PATIENCE_S)
        assert proxy[-1].recv(100).startswith(b"HTTP/1.1 200")
        held[0].close()
        wait_until(lambda: not _ends(_open(server), 0.5), what="room again")  # when the server sees that it is gone
    finally:
        for one in held:
            one.close()
        server.end()


def test_of_ipv6_the_household_counts_not_the_address():
    assert door.household("2001:db8:1:2:3::4") == door.household("2001:db8:1:2::9") != door.household("2001:db8:1:3::")
    assert door.household("::ffff:192.0.2.7") == "192.0.2.7"


# --- behind a proxy ------------------------------------------------------------------------


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/hotline",
}  # fmt: skip


def test_under_a_path_every_link_has_the_prefix(world):
    client = create_app(world.config(proxies=1)).test_client()
    client.environ_base["REMOTE_ADDR"] = "127.0.0.1"
    page = client.get("/log-in", headers=FORWARDED).text
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert links
    assert all(link.startswith("/hotline/") for link in links), links
    sent = client.get("/calls?window=repair", headers=FORWARDED)
    assert sent.headers["Location"].startswith("/hotline/log-in?next=/hotline/calls")


def test_logged_in_under_a_path_one_comes_to_the_page_one_wanted(world):
    client = create_app(world.config(proxies=1)).test_client()
    client.environ_base.update(
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PREFIX": "/hotline", "HTTP_X_FORWARDED_FOR": "10.0.0.7"}
    )
    answer = Auth(client).send("/log-in", name="lead", password="correct-horse-battery", next="/hotline/calls")
    assert answer.headers["Location"] == "/hotline/calls"
    page = client.get("/calls").text
    assert all(link.startswith("/hotline/") for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', page))


def test_what_a_stranger_says_of_a_proxy_is_not_believed(world, audit):
    client = create_app(world.config(proxies=1)).test_client()
    client.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    page = client.get("/log-in", headers=FORWARDED).text
    assert "/hotline/" not in page
    assert "evil.example" not in page
    Auth(client).send("/log-in", name="nobody", password="wrong-password-x")
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from store.schema import Audit

    with Session(world.engine) as session:
        assert session.scalars(select(Audit.remote)).all()[-1] == "198.51.100.7"


# --- the stream of news --------------------------------------------------------------------


class Reader:
    """A browser's open stream of news."""

    def __init__(self, server, cookie):
        self.socket = _open(
            server, b"GET /board/events HTTP/1.1\r\nHost: x\r\nCookie: " + cookie.encode() + b"\r\n\r\n", "127.0.0.1"
        )
        self.text = b""

    def until(self, what, within=PATIENCE_S):
        end = time.monotonic() + within
        while what not in self.text:
            self.socket.settimeout(max(0.05, end - time.monotonic()))
            got = self.socket.recv(65536)
            if not got:
                return False
            self.text += got
        return True


def _cookie(client):
    return f"hotline={client.get_cookie('hotline').value}"


def test_news_comes_to_every_stream_and_streams_cost_no_thread(app, world, as_role, served):
    world.alive()
    cookie = _cookie(as_role("operator"))
    readers = [Reader(served, cookie) for _ in range(MANY)]
    assert all(one.until(b"retry:") for one in readers)
    assert b"text/event-stream" in readers[0].text
    assert b"X-Accel-Buffering: no".lower() in readers[0].text.lower()
    assert "登录" in _get(served)
    world.waiting(5)
    assert all(one.until(b"event: news") for one in readers)
    served.end()
    served.end = lambda: None
    assert all(_ends(one.socket) for one in readers), "a stopped server ends them"


def test_a_stream_is_refused_without_a_log_in(served):
    answer = Reader(served, "hotline=nonsense")
    assert answer.until(b"HTTP/1.1 401")


def test_a_stream_ends_with_its_session(app, world, as_role, served, monkeypatch):
    from services import users
    from store.people import accounts
    from web import streams

    monkeypatch.setattr(streams.News.stream, "__defaults__", (0.2, 0.2))
    reader = Reader(served, _cookie(as_role("operator")))
    assert reader.until(b"\n:\n"), "it beats while the session stands"
    from sqlalchemy.orm import Session

    with Session(world.engine) as session, session.begin():
        users.set_active(session, accounts.find_user(session, "operator"), False, world.clock())
    assert reader.until(b"event: over")


def test_a_stream_keeps_nobody_logged_in(app, world, as_role, served):
    client = as_role("operator")
    before = client.get_cookie("hotline").value
    reader = Reader(served, _cookie(client))
    assert reader.until(b"retry:")
    assert b"set-cookie: hotline" not in reader.text.lower()
    world.clock.advance(31 * 60)
    assert client.get_cookie("hotline").value == before
    assert client.get("/board").status_code == 302, "idle for longer than is allowed"
