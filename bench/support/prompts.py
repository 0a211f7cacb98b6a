"""What a caller of the measured flow hears, found by rehearsing the flow itself: greeting, key, what follows it.

So every system plays the very same files: the dialplan, the thin application, and both our engines.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.flows import serve_flows
from hotline.process.speaker import VoiceSpeaker
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.machine import begin, step
from ivr.telephony import Clip
from recordings.g711 import pcm_to_alaw
from sip.asterisk.media import MediaFolder

KEY = "*"  # the menu again: chooses nothing, so that no operator is rung and no case opened
FRAMES_KNOWN = 20  # of a prompt's beginning: enough to see it in sound that begins with silence
LANG = "zh-CN"


@dataclass(frozen=True)
class Prompts:
    """The greeting, and what is heard after a key."""

    greeting: list[Clip]
    following: list[Clip]

    def uris(self, folder: Path) -> tuple[list[str], list[str]]:
        """Both as Asterisk's media lists; what has no file of its own is written into ``folder``."""
        media = MediaFolder(folder)
        media.open()
        return media.uris(self.greeting, "greeting"), media.uris(self.following, "following")

    def frames(self) -> dict[bytes, int]:
        """The first packets of what follows the key: payload → place."""
        codes = pcm_to_alaw(self.following[0].pcm)
        frames = [codes[at : at + 160] for at in range(0, 160 * FRAMES_KNOWN, 160)]
        return {frame: place for place, frame in enumerate(frames) if frames.count(frame) == 1}


def rehearse(settings: Settings) -> Prompts:
    """Walk the flow as a caller who presses a key; every prompt is made if it is not there yet."""
    flow = serve_flows(settings)("")
    state, at = begin(flow), 0
    heard: list[c.Play] = []
    for event in (e.Offered(at, "95598", caller_known=True), e.Answered(at + 10), e.Digit(at + 2000, KEY)):
        state, commands = step(flow, state, event)
        heard += [command for command in commands if isinstance(command, c.Play)]
    greeting, *_, following = heard
    voices, phrases = factories.voices(settings), factories.phrases(settings)
    try:
        for line in factories.prompt_lines(
            settings, phrases
        ):  # what is spoken is at hand, as in a hotline that runs for a day
            if line.lang == LANG:
                voices.speak(line.text, line.lang, phrase_key=line.phrase_key)
        with ThreadPoolExecutor(1) as worker:
            speaker = VoiceSpeaker(
                voices, phrases, lambda window, lang: window, partial(factories.hours, settings),
                factories.music(settings), lambda: datetime.now(UTC).date(), worker, lambda f: f(),
            )  # fmt: skip
            found: list[list[Clip]] = []
            speaker.clips(greeting.say, LANG, None, found.append)
            worker.submit(lambda: None).result()
            speaker.clips(following.say, LANG, None, found.append)
    finally:
        voices.close()
    return Prompts(*found)
