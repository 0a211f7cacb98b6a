"""A real Chromium at a really served panel; shared by the browser tests and the screenshots."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

from tests.web.demo import PASSWORD
from web.server import serve

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 60_000  # generous: the machine may be busy


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Debian's Chromium, with no network of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The panel on a free port; its address."""
    stop, ready, where = threading.Event(), threading.Event(), []

    def bound(host: str, port: int) -> None:
        where.append(f"http://{host}:{port}")
        ready.set()

    thread = threading.Thread(target=serve, args=(app, "127.0.0.1", 0, None, stop, bound))
    thread.start()
    try:
        assert ready.wait(WAIT_MS / 1000), "the panel did not start"
        yield where[0]
    finally:
        stop.set()
        thread.join(WAIT_MS / 1000)


def new_page(browser: Browser, address: str, *, width: int = 1280, lang: str = "zh", **more: Any) -> Page:
    """A fresh browser profile at the panel, in one language."""
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=address, **more)
    context.set_default_timeout(WAIT_MS)
    context.add_cookies([{"name": "lang", "value": lang, "url": address}])
    return context.new_page()


def log_in(page: Page, role: str) -> None:
    """As a person does it."""
    page.goto("/log-in")
    page.fill("#name", role)
    page.fill("#password", PASSWORD)
    page.click("button.primary")
    page.wait_for_selector("details.me")
