"""``hotline dial``: call the hotline from the terminal, or answer in it as an operator's seat."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from hotline.cli import dial_script, terminal
from hotline.cli.common import FOUND, looking
from hotline.cli.dial_script import Act
from hotline.cli.telephone import Caller, SeatPhone, Whereabouts, clip_of
from hotline.config.settings import Settings
from hotline.config.tables import DEFAULT_SIP_PORT
from hotline.config.values import Address, parse_address
from hotline.errors import CannotRun
from hotline.ports import reachable, sip_answers
from hotline.process import factories, runfile
from ivr.telephony import Clip
from recordings.audio import AudioError
from sip.core.sip_messages import host_of

FROM = "13800001111"
SPOKEN = "您好,这里是人工座席,请问有什么可以帮助您的?"  # S4-29
SCRIPTED_LIMIT_S = 300.0  # a scripted call that nobody ends
STATUS_POLL_S = 0.5
STARTING_S = 60.0

_FILE = click.Path(dir_okay=False, path_type=Path)
_SOUND = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("uri", required=False)
@click.option("--keys", default="", help='What to do: "1,wait:3,2#,step:NAME,speak:FILE,hangup".')
@click.option("--from", "from_", default=FROM, show_default=True, help="The caller's number; anonymous: withheld.")
@click.option("--wav", type=_FILE, help="Save what is heard as a WAV.")
@click.option("--speak", type=_SOUND, help="A sound file to speak; a seat without one says a sentence.")
@click.option("--for", "for_s", type=float, help="Hang up after so many seconds.")
@click.option("--seat", help="Be an operator's phone: register as this seat.")
@click.option("--answer", is_flag=True, help="With --seat: answer by itself.")
@click.option("--after", type=float, default=1.0, show_default=True, help="With --answer: ring so many seconds first.")
@click.option("--once", is_flag=True, help="With --seat: end after the first call.")
@looking
def dial(
    settings: Settings,
    uri: str | None,
    keys: str,
    from_: str,
    wav: Path | None,
    speak: Path | None,
    for_s: float | None,
    seat: str | None,
    answer: bool,
    after: float,
    once: bool,
) -> None:
    """A telephone in the terminal. Without URI it calls the hotline that runs here.

    In a terminal, type keys 0-9 * # while the call is up; q hangs up. With --seat it is an operator's
    phone: a answers, q hangs up, Ctrl-C ends it.

    \b
    Example: hotline dial --keys "1,wait:3,0" --wav heard.wav
             hotline dial --seat 101 --answer
    """
    try:
        acts = dial_script.parse(keys)
        clips = [clip_of(speak)] if speak else []
    except (ValueError, AudioError) as error:
        raise click.UsageError(str(error)) from None
    here = _hotline(settings)
    screen = Screen()
    if seat is not None:
        secret = _secret(settings, seat)
        clips = clips or [_sentence(settings)]
        phone = SeatPhone(seat, secret, here, screen.say)
        _run(_sit(phone, screen, after if answer else None, clips, once))
        if wav and phone.phone is not None:
            _save(phone.phone.save, wav)
        return
    uri = uri or f"sip:hotline@{reachable(here)}"
    target = _target(uri)
    if not _answers(settings, target, screen):
        raise CannotRun(f"nothing answers SIP at {target}; start the hotline (hotline serve), or give its address")
    caller = Caller(uri, target, Whereabouts(settings.database), screen.say)
    limit = for_s if for_s is not None else (None if terminal.is_terminal() else SCRIPTED_LIMIT_S)
    screen.say(f"calling {uri} as {from_}")
    _run(_talk(caller, screen, from_, acts, clips, limit))
    outcome = caller.outcome
    if wav and caller.phone is not None:
        _save(caller.phone.save, wav)
    if outcome.failed:
        click.echo(f"not answered: {outcome.failed}", err=True)
        sys.exit(FOUND)
    click.echo(
        f"ended after {outcome.seconds:.0f} s ({outcome.ended or 'hung up'}); heard {outcome.heard_ms / 1000:.1f} s"
    )


class Screen:
    """Lines of what happened; in a terminal a status line below them."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._status: Status | None = None

    def say(self, line: str) -> None:
        """Tell one thing that happened."""
        self._console.print(f"  {line}")

    @contextlib.contextmanager
    def status(self) -> Iterator[Callable[[str], None]]:
        """A status line while the block runs (in a terminal)."""
        if not terminal.is_terminal():
            yield lambda _text: None
            return
        with self._console.status("") as status:
            yield status.update


async def _talk(
    caller: Caller, screen: Screen, from_: str, acts: Sequence[Act], clips: Sequence[Clip], limit: float | None
) -> None:
    keys: asyncio.Queue[str] = asyncio.Queue()
    with screen.status() as show, terminal.key_presses(keys.put_nowait):
        helpers = [asyncio.create_task(_type(caller, keys)), asyncio.create_task(_show(caller, show))]
        try:
            await caller.run(from_, acts, clips=clips, longest_s=limit)
        finally:
            for helper in helpers:
                helper.cancel()


async def _type(caller: Caller, keys: asyncio.Queue[str]) -> None:
    while True:
        key = await keys.get()
        if key in "0123456789*#":
            await caller.press(key)
        elif key in "qQ":
            await caller.hang_up()


async def _show(caller: Caller, show: Callable[[str], None]) -> None:
    while True:
        step = caller.outcome.steps[-1] if caller.outcome.steps else "…"
        state = f"step {step}" if caller.outcome.answered else "calling"
        show(f"{caller.seconds():4.0f} s   {state}   (keys 0-9 * #, q hangs up)")
        await asyncio.sleep(STATUS_POLL_S)


async def _sit(phone: SeatPhone, screen: Screen, after: float | None, clips: Sequence[Clip], once: bool) -> None:
    def pressed(key: str) -> None:
        if key in "aA":
            phone.answer()
        elif key in "qQ" and phone.phone is not None:
            hanging.append(asyncio.ensure_future(phone.phone.hangup()))

    hanging: list[asyncio.Future[None]] = []
    with screen.status() as show, terminal.key_presses(pressed):
        show(f"seat {phone.seat}   (a answers, q hangs up, Ctrl-C ends)")
        try:
            await phone.run(answer_after_s=after, clips=clips, once=once)
        except TimeoutError as error:
            raise CannotRun(f"{error}; does the hotline run, and is the secret in hotline.toml its own?") from None


def _run(work: Coroutine[object, object, None]) -> None:
    """Run until done; Ctrl-C hangs up and is a normal end."""
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        click.echo("hung up")


def _answers(settings: Settings, target: Address, screen: Screen) -> bool:
    """Does a hotline answer there? One of ours that is just starting is waited for."""
    end = time.monotonic() + STARTING_S
    told = False
    while not sip_answers(target, 2.0):
        running = runfile.read(settings.data.dir).get("calls", {}).get("sip")
        if running is None or reachable(parse_address(str(running))) != reachable(target) or time.monotonic() > end:
            return False
        if not told:
            told = True
            screen.say("the hotline is starting; one moment")
        time.sleep(STATUS_POLL_S)
    return True


def _hotline(settings: Settings) -> Address:
    """Where the hotline of this data folder is: where it runs, else where it would."""
    running = runfile.read(settings.data.dir).get("calls", {}).get("sip")
    return parse_address(str(running)) if running else settings.sip.listen


def _target(uri: str) -> Address:
    try:
        host, port = host_of(uri)
    except ValueError:
        host, port = "", 0
    if not uri.startswith("sip:") or not host:
        raise click.UsageError(f'"{uri}" is no SIP address; write sip:hotline@HOST:PORT')
    return Address(host, port or DEFAULT_SIP_PORT)


def _secret(settings: Settings, seat: str) -> str:
    known = settings.seats.get(seat)
    if known is None:
        raise click.UsageError(f'there is no seat "{seat}"; the seats are {", ".join(settings.seats)}')
    if known.secret is None:
        raise click.UsageError(f"seat {seat} has a fixed address ({known.uri}) and does not register; give it a secret")
    if settings.config is None:
        raise CannotRun("there is no hotline.toml here, so the seat's secret is not known; name the file with --config")
    return known.secret


def _sentence(settings: Settings) -> Clip:
    voices = factories.voices(settings)
    try:
        sound = voices.speak(SPOKEN)
    finally:
        voices.close()
    return Clip(sound.id, sound.pcm, sound.text)


def _save(save: Callable[[Path], None], wav: Path) -> None:
    try:
        save(wav)
    except OSError as error:
        raise CannotRun(f"cannot write {wav}: {error.strerror}") from None
    click.echo(f"what was heard is in {wav}")
