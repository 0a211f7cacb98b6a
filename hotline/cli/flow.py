"""``hotline flow``: walk through a flow, and prove it, without a telephone."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import click
import yaml
from rich.console import Console

from hotline.cli import texts
from hotline.cli.common import FOUND, json_option, looking, print_json
from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories, flows
from ivr.call.commands import Say
from ivr.call.turn import FlowContext
from ivr.flow.checker import check as walk_all
from ivr.flow.loader import load
from ivr.flow.reach import Reach
from ivr.flow.walk import COMMANDS, Unknown, Walk
from ivr.flow.yaml_source import FlowRefused
from ivr.phrases import Phrases
from ivr.render_prompts import lines
from ivr.wording import Wording
from recordings.studio import VoiceError

TRACES = Path("tests/traces")


@click.group()
def flow() -> None:
    """Call flows: walk through one without a telephone, check them."""


@flow.command()
@click.argument("flow", required=False)
@click.option("--keys", help='Inputs for the whole walk, such as "3,/silence,1": nothing is asked then.')
@click.option("--withheld", is_flag=True, help="The caller's number is withheld.")
@click.option("--lang", type=click.Choice(["zh-CN", "en"]), help="Show the prompts in this language.")
@click.option("--save", metavar="NAME", help=f"Keep the walk as a golden test: {TRACES}/NAME.yaml (or a path).")
@looking
def walk(
    settings: Settings, flow: str | None, keys: str | None, withheld: bool, lang: str | None, save: str | None
) -> None:
    """Step through a call flow without a telephone.

    Type keys (0-9 * #) or: /silence /answer /busy /noanswer /nobody /queue /free /say 20 /leave /fail /closed /open
    /hangup; /quit ends.

    \b
    Example: hotline flow walk power-95598
             hotline flow walk power-95598 --keys "0,/answer,/hangup" --save person
    """
    console = Console(highlight=False)
    context = _loaded(settings, flow or settings.flow)
    phrases = factories.phrases(settings)

    title = factories.window_title(settings)
    here = Walk(context, say=lambda say: say.key, caller_known=not withheld)

    def read(say: Say) -> str:
        language = lang or here.state.lang
        return "".join(
            line.text or f"({line.tone})"
            for line in lines(
                (say,),
                phrases,
                language,
                caller="13800001111",
                window_title=title,
                hours=partial(factories.hours, settings),
            )
        )

    here.say = read
    _show(console, here.begin())
    if keys is not None:
        for typed in filter(None, (part.strip() for part in keys.split(","))):
            if here.over:
                break
            console.print(f"[bold]> {typed}[/bold]")
            _show(console, _done(here, typed))
    else:
        _converse(console, here)
    console.print(f"[dim]{'the call is over: ' + here.state.cause if here.over else 'waits in ' + here.where}[/dim]")
    if save:
        path = Path(save) if save.endswith(".yaml") else TRACES / f"{save}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(here.trace(), allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")
        console.print(f"kept as {path}")


def _converse(console: Console, here: Walk) -> None:
    while not here.over:
        try:
            typed = console.input(f"[cyan]{here.where}[/cyan] > ").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if typed in ("/quit", "/q"):
            return
        if typed in ("", "/help", "?"):
            console.print("keys 0-9 * #, /quit, or\n" + "\n".join(f"  {k:10} {v}" for k, v in COMMANDS.items()))
            continue
        try:
            _show(console, here.do(typed))
        except Unknown as error:
            console.print(f"[red]{error}[/red]")


def _done(here: Walk, typed: str) -> list[str]:
    try:
        return here.do(typed)
    except Unknown as error:
        raise click.UsageError(str(error)) from None


def _show(console: Console, said: list[str]) -> None:
    for line in said:
        console.print(line, markup=False)


class Checked(TypedDict):
    """What checking one flow, or the phrases, found; ``proof``: what was gone through when nothing was."""

    name: str
    problems: list[str]
    warnings: list[str]
    proof: str
    version: NotRequired[str]
    spoken: NotRequired[list[str]]
    reach: NotRequired[dict[str, Any]]  # seconds and keys to a person, choices


@flow.command()
@click.argument("flow", nargs=-1)
@json_option
@looking
def check(settings: Settings, flow: tuple[str, ...], as_json: bool) -> None:
    """Check call flows: no caller may come to a dead end.

    Every name, phrase and window in the file, then every reachable state: each wait must have an end,
    time-outs and failures alone must end every call, key 0 must lead to a person. Without FLOW, all
    shipped flows, the wording of all phrases, and how the texts of hotline.toml will be spoken: what
    cannot be said is refused.

    \b
    Example: hotline flow check
             hotline flow check my-flow.yaml
    """
    results = [_check_one(settings, name) for name in flow or tuple(flows.shipped())]
    if not flow:
        results += [_check_wording(settings), _check_speech(settings)]
    if as_json:
        print_json(results)
    else:
        for result in results:
            for line in result["problems"]:
                click.echo(line)
            for line in result["warnings"]:
                click.echo(f"note: {line}")
            for line in result.get("spoken", []):
                click.echo(f"spoken: {line}")
            if not result["problems"]:
                click.echo(f"{result['name']}: ok ({result['proof']})")
            if reach := result.get("reach"):
                click.echo(f"{result['name']}: {Reach(**reach)}")
    if any(result["problems"] for result in results):
        sys.exit(FOUND)


def _check_one(settings: Settings, name: str) -> Checked:
    path = flows.find(name)
    try:
        context = load(path, flows.flow_environment(settings))
    except FlowRefused as refused:
        return {"name": name, "problems": [str(p) for p in refused.problems], "warnings": [], "proof": ""}
    report = walk_all(context)
    proof = f"{report.states} states, every one ends; at most {report.longest} time-outs away"
    problems = [f"{path.name}: {finding}" for finding in report.findings]
    phrases = factories.phrases(settings)
    try:
        warnings = flows.in_reach(settings, name, context, phrases)
    except CannotRun as refused:
        warnings, problems = [], [*problems, str(refused)]
    reach = flows.reach_of(settings, context, phrases)
    return {
        "name": name,
        "problems": problems,
        "warnings": warnings,
        "reach": asdict(reach),
        "proof": proof,
        "version": context.version,
    }


def _check_wording(settings: Settings) -> Checked:
    unit = settings.unit
    findings = Wording.load().check_prompts(factories.phrases(settings), unit.name, unit.name_en)
    return {
        "name": "phrases",
        "problems": [str(f) for f in findings if f.level == "error"],
        "warnings": [str(f) for f in findings if f.level != "error"],
        "proof": "no forbidden wording (S2-2 附件2, S4-60)",
    }


def _check_speech(settings: Settings) -> Checked:
    """How the free texts are said, and what of them and of the phrases cannot be."""
    own, phrases = list(texts.of_settings(settings)), list(texts.of_phrases(Phrases.load()))
    problems, warnings = texts.problems(own + phrases), []
    try:
        problems += texts.unspoken(settings, own)
    except VoiceError as error:
        warnings.append(f"whether each character has a sound was not asked: {error}")
    return {
        "name": "speech",
        "problems": problems,
        "warnings": warnings,
        "proof": f"{len(own)} texts of hotline.toml and {len(phrases)} phrases can be said",
        "spoken": [str(text) for text in own],
    }


def _loaded(settings: Settings, name: str) -> FlowContext:
    house = flows.flow_environment(settings)
    path = flows.find(name)
    try:
        return load(path, replace(house, is_open=lambda schedule, at: True))
    except FlowRefused as refused:
        raise click.ClickException(str(refused)) from None
