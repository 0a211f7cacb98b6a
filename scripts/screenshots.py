"""Fill a hotline with a morning's calls and take pictures of every page of the panel.

    python scripts/screenshots.py            # writes docs/screenshots/*.png
    python scripts/screenshots.py board      # only pages whose name begins so

Chinese and English, 1280 and 390 pixels wide. The data is made up (tests/web/demo.py); the clock stands still.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page
from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ivr.store import users  # noqa: E402
from tests.web.browser import chromium, log_in, new_page, served  # noqa: E402
from tests.web.demo import World, at, morning  # noqa: E402
from web import create_app  # noqa: E402

TARGET = ROOT / "docs" / "screenshots"
WIDTHS = (1280, 390)
HEIGHT_MAX = 1500  # pixels; the rest of a long list says nothing new
BYTES_MAX = 150_000
COLOURS = 128
DAY_MS = 86_400_000


def main(only: list[str]) -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium")
    if browser_path is None:
        print("chromium is missing: apt-get install chromium", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        pages = _fill(world)
        with served(create_app(world.config())) as address, chromium(browser_path) as browser:
            for lang in ("zh", "en"):
                for width in WIDTHS:
                    page = new_page(browser, address, width=width, lang=lang)
                    _walk(page, pages, f"{lang}-{width}", only)
                    page.context.close()
            page = new_page(browser, address, lang="zh", color_scheme="dark")
            _walk(page, {"board": pages["board"]}, "zh-1280-dark", only)
            page.context.close()
        world.close()
    large = [path for path in sorted(TARGET.glob("*.png")) if path.stat().st_size > BYTES_MAX]
    for path in large:
        print(f"{path} has {path.stat().st_size} bytes, more than {BYTES_MAX}", file=sys.stderr)
    return 1 if large else 0


def _fill(world: World) -> dict[str, tuple[str, str]]:
    """Everything that happens; page name -> (role, address)."""
    world.people()
    morning(world)
    call = world.answered(at("11:48"), "13866668888", seat="102", busy="101", wait=17.8)
    _call, case = world.complaint(at("10:40"), "13812349999")
    with Session(world.engine) as session, session.begin():
        for moment, who, action, target, detail in (
            ("09:02", "lead", "number.show", f"call {call}", "来电人要求回电"),
            ("09:05", "lead", "export", "cases.csv", "/cases?kind=complaint"),
            ("10:52", "supervisor", "recording.listen", f"case {case.number}", "bytes=0-"),
            ("11:30", "admin", "user.add", "wang.fang", "operator"),
        ):
            users.audit(
                session, at=at(moment), user=who, action=action, target=target, detail=detail, remote="10.0.0.21"
            )
        for name, days in (("12345 平台 · city platform", 90), ("月报 · monthly report", 365)):
            users.create_token(
                session, name=name, scopes=users.SCOPES[1:], now=world.clock(), expires=world.clock() + days * DAY_MS
            )
    return {
        "log-in": ("", "/log-in"),
        "board": ("supervisor", "/board"),
        "calls": ("supervisor", "/calls"),
        "call": ("supervisor", f"/calls/{call}"),
        "cases": ("supervisor", "/cases"),
        "case": ("supervisor", f"/cases/{case.id}"),
        "case-new": ("supervisor", "/cases/new"),
        "worklist-missed": ("supervisor", "/worklists/missed"),
        "inbox": ("supervisor", "/inbox?all=1"),
        "figures": ("supervisor", "/figures"),
        "audit": ("supervisor", "/audit"),
        "help": ("supervisor", "/help"),
        "password": ("supervisor", "/password"),
        "users": ("admin", "/users"),
        "tokens": ("admin", "/tokens"),
    }


def _walk(page: Page, pages: dict[str, tuple[str, str]], suffix: str, only: list[str]) -> None:
    here = ""
    for name, (role, address) in pages.items():
        if only and not name.startswith(tuple(only)):
            continue
        if role and role != here:
            page.context.clear_cookies(name="hotline")
            log_in(page, role)
            here = role
        page.goto(address)
        page.evaluate("document.fonts.ready.then(() => true)")
        height = min(HEIGHT_MAX, page.evaluate("document.documentElement.scrollHeight"))
        width = page.viewport_size["width"] if page.viewport_size else WIDTHS[0]
        shot = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
        _save(shot, TARGET / f"{name}-{suffix}.png")
        print(f"{name}-{suffix}.png")


def _save(shot: bytes, path: Path) -> None:
    """Flat colours and text need no more than a palette: a third of the bytes."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
