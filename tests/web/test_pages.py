"""What holds for every page: languages, headers, errors."""

from __future__ import annotations

import logging
import re

import pytest

from tests.web.demo import morning
from web import catalog

PAGES = (
    "/board",
    "/calls",
    "/cases",
    "/figures",
    "/outages",
    "/calendar",
    "/audit",
    "/users",
    "/tokens",
    "/help",
    "/password",
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_sentence_has_its_english():
    written = catalog.written()
    missing = [m.id for m in catalog.said() if m.id and not (written.get(m.id) and written.get(m.id).string)]
    assert missing == [], "run: python -m web.catalog update, then write the English"


def test_the_english_keeps_every_placeholder():
    for message in catalog.written():
        if message.id:
            assert set(re.findall(r"%\(\w+\)s", message.id)) == set(re.findall(r"%\(\w+\)s", message.string)), (
                message.id
            )


def test_the_compiled_catalogue_is_the_written_one():
    assert catalog.words(catalog.running()) == catalog.words(catalog.written()), "run: python -m web.catalog compile"


def test_chinese_first_whatever_the_browser_says(client):
    answer = client.get("/log-in", headers={"Accept-Language": "en-US,en;q=0.9"})
    assert '<html lang="zh-CN">' in answer.text
    assert answer.headers["Content-Language"] == "zh-CN"


def test_one_click_changes_the_language_and_it_stays(client, auth):
    auth.login("lead")
    page = client.get("/cases?kind=report").text
    link = re.search(r'class="language" href="([^"]+)"', page)[1].replace("&amp;", "&")
    english = client.get(link).text
    assert '<html lang="en">' in english
    assert "Cases" in english
    assert '<option value="report" selected>' in english, "the filter is kept"
    assert '<html lang="en">' in client.get("/board").text
    assert '<html lang="zh-CN">' in client.get("/board?lang=zh").text


def test_english_pages_are_english(app, world):
    from tests.web.conftest import Auth

    morning(world)
    for role in ("admin", "supervisor"):
        client = app.test_client()
        Auth(client).login(role)
        client.get("/board?lang=en")
        for page in PAGES:
            answer = client.get(page)
            if answer.status_code != 200:
                continue
            text = re.sub(r"<script.*?</script>|<a class=\"language\".*?</a>", "", answer.text, flags=re.DOTALL)
            left = [line.strip() for line in text.splitlines() if CHINESE.search(line)]
            assert left == [], page


def test_nothing_comes_from_elsewhere_and_no_script_stands_in_a_page(app, world):
    from tests.web.conftest import Auth

    morning(world)
    client = app.test_client()
    Auth(client).login("admin")
    for page in PAGES:
        answer = client.get(page)
        # A link that a person follows (the notice a calendar comes from) loads nothing, and tells nobody where from.
        loaded = re.sub(r'<a href="https?://[^"]*" rel="noreferrer">', "", answer.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', loaded), page
        assert not re.search(r"<script(?![^>]*src=)[^>]*>", answer.text), page
        assert not re.search(r"\sstyle=|\son\w+=", answer.text), page
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_every_answer_is_guarded(client):
    answer = client.get("/log-in")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_with_tls_cookies_are_secure_and_http_is_left(world):
    from web import create_app

    client = create_app(world.config(tls=True)).test_client()
    assert client.get("/log-in").headers["Location"].startswith("https://")
    answer = client.get("/log-in", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_an_unexpected_error_shows_an_id_that_is_in_the_log(app, world, caplog):
    from tests.web.conftest import Auth

    client = app.test_client()
    Auth(client).login("lead")

    def broken():
        raise RuntimeError("a fault nobody expected")

    broken.needs = "board"
    app.view_functions["board.show"] = broken
    with caplog.at_level(logging.ERROR, "web"):
        answer = client.get("/board")
    assert answer.status_code == 500
    ident = re.search(r"<code>([0-9a-f]{8})</code>", answer.text)[1]
    assert ident in caplog.text
    assert "a fault nobody expected" in caplog.text
    assert "nobody expected" not in answer.text


def test_a_database_that_is_away_is_said_plainly(app, world, caplog):
    from tests.web.conftest import Auth

    client = app.test_client()
    Auth(client).login("lead")
    world.engine.dispose()
    database = world.folder / "hotline.db"
    for file in world.folder.glob("hotline.db*"):
        file.unlink()
    database.mkdir()
    answer = client.get("/board")
    assert answer.status_code >= 500
    assert re.search(r"[0-9a-f]{8}", answer.text)
    database.rmdir()


@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_pages_are_404_for_everybody(client, method):
    client.get("/log-in")
    answer = getattr(client, method)("/nothing/here")
    assert answer.status_code in (400, 404)
    assert "English" in answer.text


def test_a_form_of_absurd_size_is_refused(auth):
    assert auth.send("/log-in", name="x" * 100_000, password="y").status_code == 413
