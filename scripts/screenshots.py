"""Fill a hotline with a morning's calls and take pictures of every page of the panel.

    python scripts/screenshots.py            # writes docs/screenshots/*.png
    python scripts/screenshots.py board      # only pages whose name begins so

Chinese and English, 1280 and 390 pixels wide. Which pages there are is read from the panel itself (tests/web/pages.py);
pictures of pages that are gone are deleted. The data is made up (tests/web/demo.py); the clock stands still.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.web import pages as every_page  # noqa: E402
from tests.web.browser import chromium, log_in, new_page, served  # noqa: E402
from tests.web.demo import World  # noqa: E402
from tests.web.pages import Shown  # noqa: E402
from web import create_app  # noqa: E402

TARGET = ROOT / "docs" / "screenshots"
WIDTHS = (1280, 390)
HEIGHT_MAX = 1500  # pixels; the rest of a long list says nothing new
BYTES_MAX = 150_000
COLOURS = 128
DARK = ("board", "figures")


def main(only: list[str]) -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium")
    if browser_path is None:
        print("chromium is missing: apt-get install chromium", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        values = every_page.everything(world)
        app = create_app(world.config(public_promises=True))
        pages = every_page.every(app, values)
        for rule in every_page.unknown(app, values):
            print(f"no picture of {rule}: say in tests/web/pages.py what stands in its address", file=sys.stderr)
        with served(app) as address, chromium(browser_path) as browser:
            for lang in ("zh", "en"):
                for width in WIDTHS:
                    page = new_page(browser, address, width=width, lang=lang)
                    _walk(page, pages, f"{lang}-{width}", only)
                    page.context.close()
            page = new_page(browser, address, lang="zh", color_scheme="dark")
            _walk(page, [one for one in pages if one.name in DARK], "zh-1280-dark", only)
            page.context.close()
        world.close()
    names = [page.name for page in pages]
    for path in TARGET.glob("*.png"):
        if not any(re.fullmatch(rf"{re.escape(name)}-(zh|en)-\d+(-dark)?\.png", path.name) for name in names):
            path.unlink()
    large = [path for path in sorted(TARGET.glob("*.png")) if path.stat().st_size > BYTES_MAX]
    for path in large:
        print(f"{path} has {path.stat().st_size} bytes, more than {BYTES_MAX}", file=sys.stderr)
    return 1 if large else 0


def _walk(page: Page, pages: list[Shown], suffix: str, only: list[str]) -> None:
    here = ""
    for one in pages:
        name = one.name
        if only and not name.startswith(tuple(only)):
            continue
        if one.role != here:
            page.context.clear_cookies(name="hotline")
            log_in(page, one.role)
            here = one.role
        page.goto(one.address)
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
