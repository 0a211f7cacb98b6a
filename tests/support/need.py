"""Tools that are not Python packages (and one that not every Python has). What is missing is skipped by name."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "tests" / "web" / "node_modules" / "axe-core" / "axe.min.js"  # put there by scripts/setup.sh


def _program(*names: str) -> Callable[[], str | None]:
    return lambda: next(filter(None, map(shutil.which, names)), None)


def _script(name: str) -> Callable[[], str | None]:
    """A program that a Python package brings."""
    return lambda: next((str(p) for p in [Path(sys.executable).parent / name] if p.is_file()), shutil.which(name))


def _module(name: str) -> Callable[[], str | None]:
    return lambda: name if importlib.util.find_spec(name) else None


def _postgres() -> str | None:
    """The newest ``pg_ctl`` (Debian keeps it off PATH)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[4]))
    return str(found[-1]) if found else shutil.which("pg_ctl")


def _file(path: Path) -> Callable[[], str | None]:
    return lambda: str(path) if path.is_file() else None


def _cjk_font() -> str | None:
    return next(map(str, Path("/usr/share/fonts").glob("**/NotoSansCJK*")), None)


# name -> (how it is found, how to get it)
TOOLS: dict[str, tuple[Callable[[], str | None], str]] = {
    "sipp": (_program("sipp"), "apt-get install sip-tester"),
    "baresip": (_program("baresip"), "apt-get install baresip-core"),
    "linphonec": (_program("linphonec"), "apt-get install --no-install-recommends linphone-cli"),
    "chromium": (_program("chromium", "chromium-browser", "google-chrome"), "apt-get install chromium"),
    "mmdebstrap": (_program("mmdebstrap"), "apt-get install mmdebstrap (it makes the root folder with Asterisk)"),
    "postgres": (_postgres, "apt-get install postgresql"),
    "fonts": (_cjk_font, "apt-get install fonts-noto-cjk"),
    "axe": (_file(AXE), "npm ci --prefix tests/web"),
    "pjsua2": (_module("pjsua2"), "pip install 'open-hotline[dev]' with Python 3.11 or 3.12"),
    "playwright": (_module("playwright"), "pip install 'open-hotline[dev]'"),
    "hadolint": (_script("hadolint"), "pip install 'open-hotline[dev]' on x86_64"),
    "espeak": (_module("espeakng_loader"), "pip install 'open-hotline[voice]'"),
}


def need(tool: str) -> str:
    """Where the tool is (a path, or a module's name). Skips the test, by name, when it is not there."""
    find, remedy = TOOLS[tool]
    found = find()
    if found is None:
        pytest.skip(f"{tool} is not installed: {remedy}")
    return found


def asterisk_root() -> Path:
    """The root folder with Asterisk, made at first use. Skips the test, by name, when it cannot be had."""
    need("mmdebstrap")
    root = ROOT / "build" / "asterisk-root"
    made = subprocess.run(
        [str(ROOT / "docker" / "asterisk-root.sh"), str(root)], capture_output=True, text=True, timeout=280, check=False
    )
    if made.returncode:
        pytest.skip(f"docker/asterisk-root.sh: {made.stderr.strip()[-300:]}")
    return root
