"""Checks between the hotline and its Asterisk; part of ``hotline doctor``."""

from __future__ import annotations

import os
import pwd
import re
import time
import urllib.error
from collections.abc import Iterator
from itertools import islice

from hotline import private
from hotline.asterisk.setup import OLDEST, OLDEST_BY_HTTP, ami_trouble, ask, takes_calls
from hotline.config.settings import Settings
from hotline.finding import Finding
from hotline.ports import sip_answers
from hotline.process import engines, factories, runfile
from sip.asterisk.modules import MODULES

WHAT = "asterisk"
DOCS = "see docs/asterisk.md"
CONNECTS_S = 5.0  # one that was started just now may not be connected yet


def examine(settings: Settings) -> Iterator[Finding]:
    """ARI lets us in, it is new enough, all modules are there, the folders are shared."""
    url = settings.asterisk.url
    try:
        info = ask(settings, "asterisk/info?only=system")
        loaded = {str(module["name"]).removesuffix(".so") for module in ask(settings, "asterisk/modules")}
    except urllib.error.HTTPError as error:
        todo = "compare [asterisk] user and secret with ari.conf" if error.code in (401, 403) else DOCS
        yield Finding(WHAT, "FAIL", f"ARI at {url} answers {error.code} {error.reason}", todo)
        return
    except (OSError, ValueError) as error:
        yield Finding(WHAT, "FAIL", f"no ARI at {url}: {error}", "start Asterisk, or correct [asterisk] url")
        return
    yield from _version(str(info["system"]["version"]))
    yield from _modules(loaded)
    yield from _sip(settings)
    yield from _application(settings)
    yield from _ami(settings)
    yield from _folders(settings)
    yield from _reading(settings)


def _version(version: str) -> Iterator[Finding]:
    found = re.search(r"(\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) >= OLDEST:
        yield Finding(WHAT, "ok", f"version {version}")
    elif found and int(found[1]) >= OLDEST_BY_HTTP:
        yield Finding(WHAT, "warn", f"version {version} takes no requests over the WebSocket; they go by HTTP",
                   "22.4 or later is quicker, and is what the hotline is tried with")  # fmt: skip
    else:
        yield Finding(
            WHAT, "FAIL", f"version {version} is too old", f"{OLDEST_BY_HTTP} is needed, better 22.4 or later"
        )


def _modules(loaded: set[str]) -> Iterator[Finding]:
    # One that is there already may have other modules for sound and sorcery; these do the hotline's own work.
    wanted = {name for name in (*MODULES["ARI"], *MODULES["the dialplan"]) if name != "res_websocket_client"}
    missing = sorted(wanted - loaded)
    if missing:
        yield Finding(WHAT, "FAIL", f"modules are missing: {', '.join(missing)}", "load them in modules.conf")
    else:
        yield Finding(WHAT, "ok", "all modules the hotline needs are loaded")


def _sip(settings: Settings) -> Iterator[Finding]:
    where = settings.sip.listen
    if sip_answers(where, 3.0):
        yield Finding(WHAT, "ok", f"answers SIP at {where}")
    else:
        yield Finding(WHAT, "FAIL", f"does not answer SIP at {where}", "set [sip] listen to the address in pjsip.conf")


def _application(settings: Settings) -> Iterator[Finding]:
    if "calls" not in runfile.read(settings.data.dir):
        return
    app = settings.asterisk.app
    until = time.monotonic() + CONNECTS_S
    while not (connected := takes_calls(settings)) and time.monotonic() < until:
        time.sleep(0.2)
    if connected:
        yield Finding(WHAT, "ok", f"the running hotline is connected as {app}")
    else:
        yield Finding(WHAT, "FAIL", f"the hotline runs, but is not connected as {app}", "look into its log; restart it")


def _ami(settings: Settings) -> Iterator[Finding]:
    where = settings.asterisk.ami
    if where is None:
        yield Finding(WHAT, "ok", "AMI is not read: no figures on sound, trunk and refusals ([asterisk] ami)")
    elif trouble := ami_trouble(settings):
        yield Finding(WHAT, "warn", f"no figures on sound, trunk and refusals: AMI at {where}: {trouble}",
                   "compare manager.conf with `hotline asterisk lines`, or set [asterisk] ami")  # fmt: skip
    else:
        yield Finding(WHAT, "ok", f"AMI at {where} can be read")


def _folders(settings: Settings) -> Iterator[Finding]:
    spool, media = settings.asterisk.spool, engines.media_folder(settings)
    if not spool.is_dir() or not os.access(spool, os.R_OK | os.W_OK | os.X_OK):
        todo = "make it writable for both users (a common group), or set [asterisk] spool"
        yield Finding(WHAT, "FAIL", f"recordings cannot be taken from {spool}", todo)
    elif not (media / "sorry.wav").is_file():
        yield Finding(WHAT, "warn", f"{media} holds no apology for callers whom no hotline answers",
                   "run: hotline asterisk init, or: hotline asterisk lines")  # fmt: skip
    else:
        yield Finding(WHAT, "ok", f"recordings are taken from {spool}, tones are in {media}")


def _reading(settings: Settings) -> Iterator[Finding]:
    """Asterisk's user reads the prompts, and what is spoken for one playback."""
    try:
        name = str(ask(settings, "asterisk/info?only=config")["config"]["setid"]["user"])
    except (OSError, ValueError, KeyError, TypeError):
        name = ""
    user = _user(name) if name else _owner(settings)
    if user is None:
        yield Finding(WHAT, "warn", f"whether Asterisk reads the prompts is not known: no user {name!r} here", DOCS)
        return
    name, uid, groups = user
    probes = [engines.media_folder(settings) / "sorry.wav"]
    probes += islice(factories.voice_cache(settings).glob("*/*.wav"), 1)
    blind = [path for path in probes if path.exists() and not private.may_read(path, uid, groups)]
    if blind:
        todo = f"let {name} and this user share the group of {settings.asterisk.spool}, then start the hotline again"
        yield Finding(WHAT, "FAIL", f"Asterisk, as {name}, cannot read {blind[0]}: callers hear nothing", todo)
    else:
        yield Finding(WHAT, "ok", f"Asterisk, as {name}, reads the prompts")


def _owner(settings: Settings) -> tuple[str, int, frozenset[int]] | None:
    """Asterisk says no user: it runs as whoever started it, and so its recordings' folder belongs to that one."""
    try:
        return _user(pwd.getpwuid(settings.asterisk.spool.stat().st_uid).pw_name)
    except (OSError, KeyError):
        return None


def _user(name: str) -> tuple[str, int, frozenset[int]] | None:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return name, found.pw_uid, frozenset(os.getgrouplist(name, found.pw_gid))
