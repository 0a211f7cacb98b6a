"""The parts of a hotline, built from its settings. Every process and command builds them here, alike."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.config.settings import Settings
from ivr import spoken
from ivr.calendar.hours import in_words
from ivr.calendar.tables import WorkCalendar
from ivr.call.turn import HOURS_TOLD
from ivr.numbers import Plan
from ivr.phrases import Phrases
from ivr.profile import Profile
from ivr.queue.keeper import QueueRules
from ivr.speech import normaliser
from recordings.keys import KeyRing
from recordings.music import HoldMusic
from recordings.sound import SpokenText
from recordings.vault import Vault
from recordings.voices import ESPEAK_WPM, Voices
from recordings.voices import VoiceChoice as VoiceSettings
from services.calendars import Added
from store.engine import DatabaseAway, Engine, Session, open_engine, reading
from store.journal import forgetting
from store.upgrade import PATIENCE_MS, Upgraded, require_current, upgrade
from store.upkeep import rekeying

log = logging.getLogger(__name__)
AT_START_S = 1.0  # so long a start waits for those who read


def phrases(settings: Settings) -> Phrases:
    """All phrases, the unit's name filled in."""
    return Phrases.load(variables={"unit": settings.unit.name, "unit.en": settings.unit.name_en})


def hours(settings: Settings, schedule: str, lang: str) -> str:
    """The hours of a schedule of the settings, as callers are told them."""
    return in_words(settings.hours.get(schedule) or settings.hours["default"], lang)


def window_title(settings: Settings) -> Callable[[str, str], str]:
    """(window, language) -> how a window is called."""

    def title(window: str, lang: str) -> str:
        found = settings.windows.get(window)
        return window if found is None else (found.name_en if lang == "en" and found.name_en else found.name)

    return title


def plan(settings: Settings) -> Plan:
    """How telephone numbers are read here."""
    return Plan(settings.sip.country_code, settings.sip.area_code)


def profile(settings: Settings) -> Profile:
    """The rules that count."""
    return Profile.load(settings.profile)


def queue_rules(profile: Profile) -> QueueRules:
    """What of the profile the queue obeys."""
    return QueueRules(alarm=profile.queue_alarm, stage_ms=round(profile.seats.ring_stage_s * 1000))


def calendar(settings: Settings, *more: Path) -> WorkCalendar:
    """Load the working days: shipped tables, those of the settings, then ``more``; later ones win."""
    return WorkCalendar.load(settings.calendar.name, [*settings.calendar.tables, *more])


def known_calendar(settings: Settings, *more: Path) -> WorkCalendar:
    """Load the working days, with the years entered in the panel when the database can be asked; ``more`` wins."""
    days = calendar(settings)
    try:
        if settings.data.database_url or (settings.data.dir / "hotline.db").is_file():
            with database(settings) as engine:
                Added(engine, days).refresh()
    except (DatabaseAway, OSError) as error:
        log.warning("the years added in the panel are not known here: %s", error)
    if not more:
        return days
    return WorkCalendar.over(days, more)


def voices(settings: Settings) -> Voices:
    """The voices; close them when done."""
    voice = settings.voice
    return Voices(
        voice_cache(settings),
        voice.human_dir,
        voice.online,
        VoiceSettings(voice.stale, round(ESPEAK_WPM * voice.pace), voice.piper),
        words=normaliser.said,
    )


def voice_cache(settings: Settings) -> Path:
    """Where finished prompts are kept."""
    return settings.voice.cache_dir or settings.data.dir / "voices"


def music(settings: Settings) -> HoldMusic:
    """What callers on hold hear."""
    return HoldMusic(voice_cache(settings), settings.voice.hold_music)


def prompt_lines(settings: Settings, phrases: Phrases) -> list[SpokenText]:
    """Everything that can be spoken ahead of any call, in both languages, each once."""
    lines: dict[tuple[str, str], SpokenText] = {}
    closes = [name for name, schedule in settings.hours.items() if schedule.kind != "always"]
    for lang in spoken.LANGS:
        for key in HOURS_TOLD:
            for name in closes:
                text = phrases.text(key, {"hours": hours(settings, name, lang)}, lang)
                lines[lang, text] = SpokenText(text, lang, phrase_key=key)
        for phrase in phrases:
            if phrase.use != "O" and lang in phrase.text and not phrase.placeholders(lang):
                lines[lang, phrase.text[lang]] = SpokenText(phrase.text[lang], lang, phrase_key=phrase.key)
        for text in phrases.static_texts(lang):
            lines.setdefault((lang, text), SpokenText(text, lang))
    return list(lines.values())


def keys(settings: Settings) -> KeyRing:
    """The master keys, from ``HOTLINE_KEY`` or the data folder; made at first use. Raises ``KeyProblem``."""
    return KeyRing.load(settings.data.dir / "keys", {"HOTLINE_KEY": settings.key})


def vault(settings: Settings, keys: KeyRing) -> Vault:
    """The encrypted call recordings."""
    return Vault(settings.data.dir / "vault", keys)


def up_to_date(settings: Settings, engine: Engine | None = None) -> tuple[Upgraded, int]:
    """Bring the database to the present schema, and people's number keys to how numbers are read now.

    What was done to the schema, and of how many people the key is another one. Raises ``DatabaseAway``.
    """
    if engine is None:
        own = open_engine(settings.database, busy_ms=PATIENCE_MS)
        try:
            return up_to_date(settings, own)
        finally:
            own.dispose()
    done = upgrade(engine)
    forgetting.truncate(engine, AT_START_S)  # a process that was killed may have left there what was destroyed
    if not rekeying.due(engine, plan(settings)):  # nearly always; then no keys are needed
        return done, 0
    return done, rekeying.rekey(engine, lambda: keys(settings), plan(settings), time.time_ns() // 1_000_000)


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """The database, at the schema this program works with. Raises ``DatabaseAway``."""
    engine = open_engine(settings.database)
    try:
        require_current(engine)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def looking(settings: Settings) -> Iterator[Session]:
    """A session that only reads."""
    with database(settings) as engine, Session(reading(engine)) as session:
        yield session


@contextmanager
def changing(settings: Settings) -> Iterator[Session]:
    """A transaction: committed at the end of the block, or not at all."""
    with database(settings) as engine, Session(engine) as session, session.begin():
        yield session
