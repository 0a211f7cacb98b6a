"""``hotline voice build`` and ``status``: prompts are made ahead, so that no caller waits for a voice."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hotline.cli.common import FOUND, json_option, looking, print_json
from hotline.config.settings import Settings
from hotline.process import factories
from recordings.sound import Sound, SpokenText


@click.group()
def voice() -> None:
    """Prompts 语音: text becomes sound, by people's recordings, an online voice, or espeak-ng."""


@voice.command()
@click.option("--quiet", is_flag=True, help="Say something only when there was something to do.")
@looking
def build(settings: Settings, quiet: bool) -> None:
    """Make the sound of every prompt that is not made yet.

    \b
    Example: hotline voice build
    """
    lines = factories.prompt_lines(settings, factories.phrases(settings))
    factories.music(settings).build()
    voices = factories.voices(settings)
    try:
        todo = [x for x in lines if voices.cached(x.text, x.lang, x.pace, x.phrase_key) is None]
        if quiet and not todo:
            return
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("prompts 语音", total=len(lines))

            def show(done: int, _total: int, _line: SpokenText, _result: Sound | Exception) -> None:
                progress.update(bar, completed=done)

            built = voices.build(lines, show)
    finally:
        voices.close()
    by_source = ", ".join(f"{count} by {source}" for source, count in sorted(built.sources.items()))
    click.echo(f"{len(lines) - len(built.failed)} of {len(lines)} prompts are ready ({by_source or 'none'}).")
    for line in built.stale:
        click.echo(f"stale recording: {line.phrase_key} ({line.lang}); the text is now: {line.text}")
    for line, why in built.failed:
        click.echo(f"failed: {line.text}: {why}", err=True)
    if built.failed or built.stale:
        sys.exit(FOUND)


@voice.command()
@json_option
@looking
def status(settings: Settings, as_json: bool) -> None:
    """Which voices work, what is made, what is stale.

    Exit code 1 when prompts are missing, a recording is stale or a voice is in trouble.

    \b
    Example: hotline voice status --json
    """
    lines = factories.prompt_lines(settings, factories.phrases(settings))
    voices = factories.voices(settings)
    try:
        state = voices.status(lines)
        missing = [x for x in lines if voices.cached(x.text, x.lang, x.pace, x.phrase_key) is None]
    finally:
        voices.close()
    if as_json:
        print_json(
            {
                "espeak": state.espeak, "espeak_trouble": state.espeak_trouble, "online": state.online,
                "piper": state.piper, "prompts": len(lines), "missing": [x.text for x in missing],
                "stale": [{"phrase": x.phrase_key, "lang": x.lang, "text": x.text} for x in state.stale],
                "cache": str(factories.voice_cache(settings)), "cache_entries": state.cache_entries,
                "cache_bytes": state.cache_bytes, "cache_trouble": state.cache_trouble,
            }
        )  # fmt: skip
    else:
        click.echo(f"espeak-ng   {state.espeak or state.espeak_trouble}")
        click.echo(f"online      {state.online}")
        click.echo(f"piper       {state.piper}")
        click.echo(f"prompts     {len(lines) - len(missing)} of {len(lines)} made in {factories.voice_cache(settings)}")
        if missing:
            click.echo("            run `hotline voice build` to make the others")
        for line in state.stale:
            click.echo(f"stale       {line.phrase_key} ({line.lang}); the text is now: {line.text}")
    if missing or state.stale or state.espeak_trouble or state.cache_trouble:
        sys.exit(FOUND)
