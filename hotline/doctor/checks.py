"""The checks of ``hotline doctor``, each one small function."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hotline import private
from hotline.config.settings import ENVIRONMENT, OTHER_VARIABLES, Settings
from hotline.config.tables import RETIRED_OF_UNIT
from hotline.config.values import parse_address
from hotline.doctor import testcall, transports
from hotline.engines.choice import engine_of
from hotline.errors import CannotRun
from hotline.finding import Finding, Level
from hotline.ports import is_free, sip_answers, web_answers
from hotline.process import door, factories, flows, runfile
from ivr.calendar.tables import missing_years
from ivr.profile import ProfileError, retired
from recordings import music
from recordings.keys import KeyProblem
from store import aside
from store.engine import DatabaseAway
from store.read import health

MB = 1024 * 1024
DISK_FAIL_MB, DISK_WARN_MB = 200, 2000
CLOCK_BACK_MS = 5_000


Check = Callable[[Settings], Iterator[Finding]]


def settings_file(settings: Settings) -> Iterator[Finding]:
    """The file is there, private, and no variable is misspelt."""
    known = {*ENVIRONMENT, *OTHER_VARIABLES}
    for name in sorted(n for n in os.environ if n.startswith("HOTLINE_") and n not in known):
        yield Finding("settings", "warn", f"{name} is set, but there is no such setting", "see docs/settings.md")
    if settings.config is None:
        yield Finding("settings", "warn", "there is no hotline.toml here", "run: hotline init")
        return
    unit = tomllib.loads(settings.config.read_text(encoding="utf-8")).get("unit", {})
    for name in (name for name in RETIRED_OF_UNIT if name in unit):
        what = f"unit.{name} has no effect: callers are told the hours of the schedule in use ([hours])"
        yield Finding("settings", "warn", what, "remove it")
    mode = settings.config.stat().st_mode & 0o777
    if mode & 0o077:
        yield Finding(
            "settings", "FAIL", f"{settings.config} can be read by others", f"run: chmod 600 {settings.config}"
        )
    else:
        yield Finding("settings", "ok", f"{settings.config}, engine {settings.engine}")


def rules(settings: Settings) -> Iterator[Finding]:
    """The profile and every flow that is used can be served."""
    try:
        profile = factories.profile(settings)
    except ProfileError as error:
        yield Finding("rules", "FAIL", str(error), "correct `profile`")
        return
    for note in retired(settings.profile):
        yield Finding("rules", "warn", note, "remove it")
    yield Finding("rules", "ok", f"{profile.name}: an answer within {profile.answer.limit_s:g} s")
    try:
        flows.serve_flows(settings)
    except CannotRun as error:
        yield Finding("flow", "FAIL", str(error), "run: hotline flow check")
    else:
        used = sorted({settings.flow, *settings.numbers.values()})
        yield Finding("flow", "ok", f"{', '.join(used)}: no caller comes to a dead end")


def ports(settings: Settings) -> Iterator[Finding]:
    """SIP and panel answer when they run, or their ports are free."""
    running = runfile.read(settings.data.dir)
    for name, wanted, udp in (("calls", settings.sip.listen, True), ("panel", settings.panel.listen, False)):
        if udp and not engine_of(settings).listens:
            continue  # its ports are its program's
        if name in running:
            where = str(running[name]["sip" if udp else "url"])
            alive = sip_answers(parse_address(where), 3.0) if udp else web_answers(where, 5.0)
            if alive:
                yield Finding(name, "ok", f"answers at {where}")
            else:
                yield Finding(
                    name, "FAIL", f"runs at {where} but does not answer", "end the hotline and start it again"
                )
        elif is_free(wanted, udp=udp):
            yield Finding(name, "ok", f"not running; {wanted} is free")
        elif settings.sip_explicit if udp else settings.panel_explicit:
            option = "--sip" if udp else "--panel"
            todo = f"end that program, or choose another with {option} HOST:PORT"
            yield Finding(name, "FAIL", f"{wanted} is taken by another program", todo)
        else:
            yield Finding(name, "warn", f"{wanted} is taken; the next free port will be used", "")


def engine(settings: Settings) -> Iterator[Finding]:
    """What the engine itself needs."""
    return engine_of(settings).examine(settings)


def answering(settings: Settings) -> Iterator[Finding]:
    """Calls and panel are answered now: a look of a moment, for health checks."""
    running = runfile.read(settings.data.dir)
    for name in ("calls", "panel"):
        if name not in running:
            yield Finding(name, "FAIL", "does not run", "run: hotline serve")
            continue
        where = str(running[name]["sip" if name == "calls" else "url"])
        alive = _calls_answered(settings, where) if name == "calls" else web_answers(where, 5.0)
        todo = "" if alive else "look into its log, or end the hotline and start it again"
        yield Finding(name, "ok" if alive else "FAIL", f"{'answers' if alive else 'does not answer'} at {where}", todo)


def _calls_answered(settings: Settings, where: str) -> bool:
    address = parse_address(where)
    return engine_of(settings).ready(settings, address) and sip_answers(address, 3.0)


def voices(settings: Settings) -> Iterator[Finding]:
    """The machine's voice speaks; prompts are made; recordings fit their texts."""
    speaking = factories.voices(settings)
    try:
        lines = factories.prompt_lines(settings, factories.phrases(settings))
        state = speaking.status(lines)
        missing = sum(speaking.cached(x.text, x.lang, x.pace, x.phrase_key) is None for x in lines)
    finally:
        speaking.close()
    if state.espeak_trouble:
        yield Finding("voice", "FAIL", state.espeak_trouble, "run: pip install 'open-hotline[voice]'")
    else:
        yield Finding("voice", "ok", f"espeak-ng {state.espeak}; online {state.online}; piper {state.piper}")
    if own := settings.voice.hold_music:
        try:
            seconds = len(music.read(own)) // 16_000
            yield Finding("hold music", "ok", f"{own}: {seconds} s")
        except Exception as error:
            yield Finding("hold music", "FAIL", f"{own}: {error}", "name a WAV, FLAC or OGG file in [voice] hold_music")
    if missing:
        yield Finding("prompts", "warn", f"{missing} of {len(lines)} are not made yet", "run: hotline voice build")
    else:
        yield Finding("prompts", "ok", f"all {len(lines)} are made")
    for line in state.stale:
        yield Finding(
            "prompts", "warn", f"{line.phrase_key} ({line.lang}) was recorded with another text", "record it again"
        )


def database(settings: Settings) -> Iterator[Finding]:
    """The database can be written and read, at this version's schema; the disk has room."""
    try:
        with factories.changing(settings) as session:
            kept = health.keeps(session, time.time_ns() // 1_000_000)
        kind = "PostgreSQL" if settings.data.database_url.startswith("postgres") else "SQLite"
        if kept:
            yield Finding("database", "ok", f"{kind}: written and read")
        else:
            yield Finding(
                "database", "FAIL", "what was written was not read back", "check the disk, restore the back-up"
            )
    except (DatabaseAway, OSError) as error:
        yield Finding("database", "FAIL", str(error), "run: hotline db upgrade" if "schema" in str(error) else "")
    here = settings.data.dir if settings.data.dir.exists() else settings.data.dir.parent
    free = shutil.disk_usage(here).free // MB if here.exists() else 0
    level: Level = "FAIL" if free < DISK_FAIL_MB else "warn" if free < DISK_WARN_MB else "ok"
    yield Finding("disk", level, f"{free} MB free in {here}", "" if level == "ok" else "make room")


def keys(settings: Settings) -> Iterator[Finding]:
    """The master keys are there and only their owner can read them."""
    folder = settings.data.dir / "keys"
    if not settings.key and not folder.exists():
        yield Finding("keys", "ok", "made at the first start")
        return
    try:
        ring = factories.keys(settings)
    except (KeyProblem, OSError) as error:
        yield Finding("keys", "FAIL", str(error), f"see docs/security.md; keys are in {folder}")
        return
    if not settings.key:
        loose = [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077]
        if loose:
            yield Finding("keys", "FAIL", f"{loose[0]} can be read by others", f"run: chmod -R go-rwx {folder}")
            return
    if ring.unfinished:
        what = f"a rotation was begun and not finished: {', '.join(ring.unfinished)}"
        yield Finding("keys", "warn", what, "run: hotline keys rotate --finish")
    yield Finding("keys", "ok", f"{len(ring.ids)} in {'HOTLINE_KEY' if settings.key else folder}; back them up apart")


def proxy(settings: Settings) -> Iterator[Finding]:
    """No proxy stands in front that the panel was not told of."""
    try:
        with factories.looking(settings) as session:
            seen = not settings.panel.proxies and health.forwarded(session, time.time_ns() // 1_000_000)
    except (DatabaseAway, OSError):
        return
    if seen:
        yield Finding("panel", "warn", "requests come with X-Forwarded-For, but [panel] proxies is 0: everybody "
                      "counts as one address", "set proxies = 1 if there is one; else somebody forges it")  # fmt: skip


def set_aside(settings: Settings) -> Iterator[Finding]:
    """Nothing waits that could not be read."""
    try:
        with factories.looking(settings) as session:
            found = [(row.kind, row.reason, row.id) for row in aside.waiting(session)]
    except (DatabaseAway, OSError):
        return  # the check of the database says why
    for kind, reason, ident in found[: private.NAMED]:
        todo = f"look into the log, then run: hotline db aside --seen {ident}"
        yield Finding("set aside", "warn", f"a {kind} could not be read: {reason}", todo)
    if len(found) > private.NAMED:
        yield Finding("set aside", "warn", f"{len(found)} things could not be read", "run: hotline db aside")


def private_files(settings: Settings) -> Iterator[Finding]:
    """Nobody but this user reads what is kept (Asterisk's group: prompts only)."""
    if not settings.data.dir.exists():
        yield Finding("files", "ok", f"{settings.data.dir} is made at the first start, for this user alone")
        return
    found = list(private.wide(settings))
    for one in found[: private.NAMED]:
        yield Finding(
            "files", "FAIL", f"{one.path} is open to others ({one.mode:04o})", f"run: chmod {one.right:o} {one.path}"
        )
    if len(found) > private.NAMED:
        yield Finding(
            "files",
            "FAIL",
            f"{len(found)} folders and files are open to others",
            "start the hotline again: it mends them",
        )
    if not found:
        yield Finding("files", "ok", f"only this user reads {settings.data.dir}")


def fonts(settings: Settings) -> Iterator[Finding]:
    """Chinese fonts on this machine (for a browser here, for pictures and reports)."""
    found = False
    if program := shutil.which("fc-list"):
        listed = subprocess.run([program, ":lang=zh"], capture_output=True, check=False, timeout=30)  # noqa: S603 - found on this machine
        found = bool(listed.stdout.strip())
    found = found or any(Path("/usr/share/fonts").glob("**/*CJK*"))
    if found:
        yield Finding("fonts", "ok", "Chinese characters can be shown here")
    else:
        yield Finding("fonts", "warn", "no Chinese font on this machine (browsers elsewhere have their own)",
                   "run: apt-get install fonts-noto-cjk")  # fmt: skip


def clock(settings: Settings) -> Iterator[Finding]:
    """The clock goes right: not behind the journal, and set by a time server when that can be known."""
    now = datetime.now(UTC)
    local = now.astimezone(ZoneInfo(settings.unit.zone))
    try:
        with factories.looking(settings) as session:
            last = health.last_fact_at(session)
    except (DatabaseAway, OSError):
        last = 0
    if last > now.timestamp() * 1000 + CLOCK_BACK_MS:
        yield Finding("clock", "FAIL", f"{local:%Y-%m-%d %H:%M} is before the last journal row", "set the clock (NTP)")
        return
    synchronised = _ntp()
    if synchronised is False:
        yield Finding(
            "clock", "warn", f"{local:%Y-%m-%d %H:%M %Z}; no time server sets it", "run: timedatectl set-ntp true"
        )
    else:
        yield Finding("clock", "ok", f"{local:%Y-%m-%d %H:%M %Z}")


def _ntp() -> bool | None:
    """Is the clock set by a time server? None when nobody here can tell (a container)."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    told = subprocess.run(  # noqa: S603 - found on this machine
        [program, "show", "-p", "NTPSynchronized", "--value"], capture_output=True, text=True, check=False, timeout=30
    )
    return {"yes": True, "no": False}.get(told.stdout.strip())


def calendar(settings: Settings, today: date | None = None) -> Iterator[Finding]:
    """Working days are known: this year's always, next year's from November on."""
    today = today or datetime.now(ZoneInfo(settings.unit.zone)).date()
    days = factories.known_calendar(settings)
    for year in missing_years(days, today):
        yield Finding("calendar", "warn", f"no working days are known for {year}; due dates there are provisional",
                   f"write the notice into cn-{year}.toml, add it in the panel or in [calendar] tables")  # fmt: skip
    if days.covers(today):
        yield Finding("calendar", "ok", f"working days are known for {', '.join(map(str, days.tables))}")


def seats(settings: Settings) -> Iterator[Finding]:
    """Each window has an A and a B (AB岗); operators' phones can be reached."""
    for name, window in settings.windows.items():
        if len(set(window.seats)) < 2:
            what = f"window {name} has one seat: when it is away or busy nobody stands in (AB岗)"
            yield Finding("seats", "warn", what, f"give [windows.{name}] seats a second one")
    if "calls" not in runfile.read(settings.data.dir):
        yield Finding("seats", "ok", f"{len(settings.seats)} are set up; who is there is known while the hotline runs")
        return
    try:
        with factories.looking(settings) as session:
            here = health.reachable_seats(session)
    except (DatabaseAway, OSError) as error:
        yield Finding("seats", "FAIL", str(error))
        return
    away = [seat for seat in settings.seats if seat not in here]
    if not here:
        yield Finding("seats", "warn", "no operator's phone is registered and answers: callers can only leave messages",
                   "register one (docs/first-call.md), or try: hotline dial --seat 101 --answer")  # fmt: skip
    elif away:
        yield Finding("seats", "ok", f"{', '.join(sorted(here))} can be reached; not {', '.join(away)} "
                                     "(no phone is registered, or it does not answer)")  # fmt: skip
    else:
        yield Finding("seats", "ok", "all can be reached")


def trunk(settings: Settings) -> Iterator[Finding]:
    """The line to the provider is registered (the calls process says so with its heart-beat)."""
    if settings.trunk is None:
        yield Finding("trunk", "ok", "none: calls arrive directly, and nobody can be called back (docs/callbacks.md)")
        return
    if "calls" not in runfile.read(settings.data.dir):
        return
    try:
        with factories.looking(settings) as session:
            state = health.trunk_state(session)
    except (DatabaseAway, OSError) as error:
        yield Finding("trunk", "FAIL", str(error))
        return
    if settings.trunk.mode == "ip" or state in ("registered", "reachable"):
        yield Finding(
            "trunk", "ok", f"{settings.trunk.host}: {state if settings.trunk.mode == 'register' else 'by address'}"
        )
    else:
        todo = "check host, user and secret under [trunk], and that the network reaches it"
        yield Finding("trunk", "FAIL", f"{settings.trunk.host}: {state}", todo)


def test_call(settings: Settings) -> Iterator[Finding]:
    """A real call: answered, a voice heard, a key press arrives."""
    running = runfile.read(settings.data.dir).get("calls")
    where = "the running hotline" if running else "a temporary hotline"
    try:
        result = testcall.run(settings, parse_address(str(running["sip"])) if running else None)
    except CannotRun as error:
        yield Finding("test call", "FAIL", f"{where}: {error}", "correct what is said above, then try again")
        return
    if result.trouble:
        yield Finding(
            "test call", "FAIL", f"{where}: {result.trouble}", f"see {settings.data.dir / 'log' / 'calls.log'}"
        )
    else:
        yield Finding("test call", "ok", f"{where} answered in {result.answered_ms} ms, spoke, and took the key press")


CHECKS: tuple[Check, ...] = (
    settings_file, rules, ports, engine, transports.examine, database, set_aside, proxy, keys, private_files,
    voices, fonts, clock, calendar, seats, trunk, door.examine, test_call,
)  # fmt: skip


def examine(settings: Settings, *, call: bool = True) -> Iterator[Finding]:
    """Every check in turn; one that breaks is a finding itself, and the others go on."""
    for check in CHECKS:
        if check is test_call and not call:
            continue
        try:
            yield from check(settings)
        except Exception as error:
            yield Finding(check.__name__, "FAIL", f"{type(error).__name__}: {error}", "please report this")
