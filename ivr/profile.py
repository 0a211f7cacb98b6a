"""A profile: the numbers a service promises (limits, deadlines, hours), from ``callflows/profiles/*.toml``.

    profile = Profile.load("zhumadian_2023")        # or Profile.load("/etc/hotline/our.toml")
    profile.answer.limit_ms, profile.a_alone_ms, profile.deadline("complaint")

What a profile leaves out comes from the default one (``sgcc_window``), table by table. A mistake
is a :class:`ProfileError` naming file, key and what to write instead. A field that an older version
knew is no mistake: it has no effect, and :func:`retired` says where it stands.
"""

from __future__ import annotations

import tomllib
import warnings
from datetime import time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ivr.cases.kinds import of
from ivr.errors import IvrError

DEFAULT_PROFILE = "sgcc_window"
RING_TONE_MS = 1_000  # a ring sounds 1 s (B6); then silence to the end of the ring period
B_MIN_RING_S = 5  # B rings at least this long before the limit (design §8: a_alone_s <= limit - 5)

Kind = str  # complaint, report, ... (ivr.cases.kinds); a rule may also be named kind@channel

# What profiles of older versions may hold; nothing ever read it. A value names the only one that is retired.
RETIRED: dict[str, str | None] = {
    "appointment_window_min": None,
    "bill_history_months": None,
    "hold_music_advertising": None,
    "mailbox_first_response_h": None,
    "menu_mode": "classic",
    "other_media_first_response_s": None,
}


class ProfileError(IvrError, ValueError):
    """A profile that cannot be used; the text names file, key and remedy."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


def _clock_time(value: object) -> object:
    """``"08:30"`` or TOML's own 08:30:00; ``"24:00"`` is the end of the day."""
    if isinstance(value, str):
        return time.max if value == "24:00" else time.fromisoformat(value)
    return value


TimeOfDay = Annotated[time, BeforeValidator(_clock_time)]


def _schedule_kind(value: object) -> object:
    """``workday_lunch`` is how ``workday_no_break`` was spelled in version 0.1."""
    if value != "workday_lunch":
        return value
    warnings.warn('write kind = "workday_no_break" in place of "workday_lunch"', FutureWarning, stacklevel=2)
    return "workday_no_break"


class Schedule(_Table):
    """When the service is open (A5.2 no. 12), local time.

    ``always``: day and night. ``daily``: open to close every day (无周休日, STF-7). ``workday``: on
    working days, closed at lunch. ``workday_no_break``: on working days, open through lunch (STF-6).
    """

    kind: Annotated[Literal["always", "daily", "workday", "workday_no_break"], BeforeValidator(_schedule_kind)] = (
        "always"
    )
    open: TimeOfDay = time(8, 30)
    close: TimeOfDay = time(17, 30)
    lunch: tuple[TimeOfDay, TimeOfDay] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.open < self.close:
            raise ValueError("open must be before close")
        if self.lunch and not self.open < self.lunch[0] < self.lunch[1] < self.close:
            raise ValueError("lunch must lie between open and close, beginning first")
        return self

    @property
    def spans(self) -> tuple[tuple[time, time], ...]:
        """The open spans of a day on which the service works: ``[begin, end)``."""
        if self.kind == "always":
            return ((time.min, time.max),)
        if self.kind == "workday" and self.lunch:
            return ((self.open, self.lunch[0]), (self.lunch[1], self.close))
        return ((self.open, self.close),)

    @property
    def workdays_only(self) -> bool:
        """Is the service closed on weekends and holidays?"""
        return self.kind in ("workday", "workday_no_break")


class AnswerRule(_Table):
    """How soon a call must be answered (ANS-1, ANS-2, A5.1)."""

    clock: Literal["network_answer", "human_wait", "agent_ring"]
    limit_s: Annotated[float, Field(gt=0, le=300)]
    rings: Annotated[int, Field(ge=0, le=20)] = 0
    ring_period_ms: Annotated[int, Field(ge=2000, le=10_000)] = 5000
    combine: Literal["strict", "lenient"] = "strict"

    @property
    def limit_ms(self) -> int:
        """What decides compliance: the seconds (strict), or the end of the last ring's tone if later."""
        strict = round(self.limit_s * 1000)
        return max(strict, self.rings_end_ms) if self.combine == "lenient" else strict

    @property
    def rings_end_ms(self) -> int:
        """When the tone of the last allowed ring ends (S2-1: 16 s); 0 when no rings are named."""
        return (self.rings - 1) * self.ring_period_ms + RING_TONE_MS if self.rings else 0


class LateRule(_Table):
    """When the first words must be an apology (ANS-3)."""

    apology_after_s: Annotated[float, Field(ge=8, le=25)]
    apology_after_rings_over: Annotated[int, Field(ge=1, le=10)] | None = None


class SeatRule(_Table):
    """How long the stages ring: A alone, then A and B; then group and general (STF-1)."""

    a_alone_s: Annotated[float, Field(ge=0, le=60)]
    ring_stage_s: Annotated[float, Field(ge=5, le=60)]


class CallRule(_Table):
    """Waits inside a call: silence before a key, silence between two keys of a number, after the farewell.

    ``to_person_max_s``: how long, at most, a caller who presses nothing waits until an operator's phone rings.
    ``queue_comfort_s``: how often, at least, who waits in the queue hears a word; ``queue_max_s``: how long one waits.
    """

    first_digit_s: Annotated[float, Field(ge=2, le=30)]
    inter_digit_s: Annotated[float, Field(ge=1, le=30)]
    farewell_grace_s: Annotated[float, Field(ge=1, le=60)]
    to_person_max_s: Annotated[float, Field(ge=5, le=120)]
    queue_comfort_s: Annotated[float, Field(ge=10, le=120)]
    queue_max_s: Annotated[float, Field(ge=60, le=7200)]


def _not_yet(value: object) -> object:
    if value is True:
        raise ValueError("talks are not recorded in this version, only accounts and messages; write false")
    return value


class RecordingRule(_Table):
    """What is recorded, limits of recordings and how long they are kept (B10).

    ``talks``: the talk with an operator. Only what is recorded is announced, and all of it.
    """

    talks: Annotated[Literal[False], BeforeValidator(_not_yet)] = False
    account_max_s: Annotated[int, Field(ge=10, le=1800)]
    message_max_s: Annotated[int, Field(ge=10, le=1800)]
    silence_s: Annotated[int, Field(ge=2, le=30)]
    retention_days: Annotated[int, Field(ge=1)]
    case_retention_days_after_close: Annotated[int, Field(ge=1)]


class FigureRule(_Table):
    """Thresholds of the figures (B9): seconds."""

    short_s: Annotated[float, Field(ge=0, le=60)]
    service_level_s: tuple[Annotated[float, Field(gt=0, le=600)], ...]


class ConnectRate(_Table):
    """Share of calls answered, and over which time: ``rolling_24h`` is K1g, a ``day`` or a ``month`` K1."""

    target: Annotated[float, Field(gt=0, le=1)]
    window: Literal["rolling_24h", "day", "month"]


class CaseworkRule(_Table):
    """What may be done to the clock of a case, and how often and when people are called back.

    ``pausable``: kinds whose clock may stand, with a reason. ``extension_max``: an extension 延期 at most,
    in the unit of the kind's deadline. ``calling``: from when to when people are called, local time.
    """

    pausable: tuple[Kind, ...] = ()
    extension_max: Annotated[int, Field(ge=0, le=365)] = 10
    tries_max: Annotated[int, Field(ge=1, le=10)] = 3
    calling: tuple[TimeOfDay, TimeOfDay] = (time(8), time(21))


class DeadlineRule(_Table):
    """How a due date is counted (CMP-1, A5.2 no. 1); :func:`ivr.calendar.due.due` does it.

    ``convention``: ``end_of_day`` (the first day is not counted, the last ends at 24:00) or
    ``same_time`` (the same time of day n days later). ``after_hours``: ``counts`` (a day is a day) or
    ``next_opening`` (what arrives while closed counts from the next opening).
    ``within_service_hours``: hours and minutes run only while the service is open.
    """

    n: Annotated[int, Field(ge=0, le=100_000)]
    unit: Literal["natural_day", "workday", "hour", "minute"]
    roll: Literal["none", "next_workday"] = "none"
    convention: Literal["end_of_day", "same_time"] = "end_of_day"
    after_hours: Literal["counts", "next_opening"] = "counts"
    within_service_hours: bool = False
    source: str = ""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.unit in ("hour", "minute") and self.roll != "none":
            raise ValueError("roll is for days only; leave it out, or use within_service_hours = true")
        if self.unit in ("natural_day", "workday") and self.within_service_hours:
            raise ValueError('within_service_hours is for hours and minutes; for days use after_hours = "next_opening"')
        return self

    def __str__(self) -> str:
        extra = [
            f"roll={self.roll}" if self.roll != "none" else "",
            self.convention if self.convention != "end_of_day" else "",
            f"after_hours={self.after_hours}" if self.after_hours != "counts" else "",
            "within_service_hours" if self.within_service_hours else "",
        ]
        return " ".join([str(self.n), self.unit, *filter(None, extra)])


class Profile(_Table):
    """Everything a service promises. Units are in the names."""

    name: str
    title: Annotated[dict[str, str], Field(min_length=1)]
    source: str
    menu_mode: Literal["none", "optional"]
    closing: Literal["drain", "hard"]
    hours: Schedule
    answer: AnswerRule
    late: LateRule
    seats: SeatRule
    call: CallRule
    recording: RecordingRule
    figures: FigureRule
    deadlines: dict[Kind, DeadlineRule]
    casework: CaseworkRule = CaseworkRule()
    onsite_min: Annotated[dict[str, Annotated[int, Field(gt=0)]], Field(min_length=1)]
    ready_before_min: Annotated[int, Field(ge=0, le=120)]
    outage_notice_days: Annotated[int, Field(ge=0)]
    followup_rate_target: Annotated[float, Field(ge=0, le=1)]
    promise_target: Annotated[float, Field(ge=0, le=1)]
    missed_call_back_h: Annotated[int, Field(gt=0)]
    pause_notice_min: Annotated[int, Field(gt=0)]
    queue_alarm: Annotated[int, Field(gt=0)]
    repeat_caller_days: Annotated[int, Field(gt=0)]
    counter_phone_soft_limit_s: Annotated[int, Field(gt=0)] | None = None
    important_customer_notice_h: Annotated[int, Field(gt=0)] | None = None
    connect_rate: ConnectRate | None = None

    @classmethod
    def load(cls, name_or_path: str | Path = DEFAULT_PROFILE) -> Profile:
        """A shipped profile by name, or a file of one's own by path (``*.toml``)."""
        where, own, _ = _read(name_or_path)
        _, base, _ = _read(DEFAULT_PROFILE)
        own = {key: value for key, value in own.items() if not _is_retired(key, value)}
        try:
            return cls.model_validate(_over(base, own))
        except ValidationError as error:
            raise ProfileError("\n".join(_explain(where, item) for item in error.errors())) from None

    def titled(self, lang: str) -> str:
        """Return the title in this language, else in the first one it has."""
        return self.title.get(lang, next(iter(self.title.values())))

    def deadline(self, kind: Kind, channel: str = "phone", area: str = "") -> DeadlineRule | None:
        """Return the rule for this kind by this channel, else for this kind, else None (nothing is promised).

        For a kind to be reached on site (报修) that ``deadlines`` does not name it is the time until somebody is there,
        in ``area`` (``onsite_min``; the first one when the area is not known).
        """
        rule = self.deadlines.get(f"{kind}@{channel}", self.deadlines.get(kind))
        if rule is None and of(kind).on_site:
            area = area if area in self.onsite_min else next(iter(self.onsite_min))
            return DeadlineRule(n=self.onsite_min[area], unit="minute", source=f"onsite_min.{area}")
        return rule

    @property
    def a_alone_ms(self) -> int:
        """How long A rings alone: never so long that B has less than 5 s until the limit.

        With a limit of 5 s (S4-29) that is 0: A and B ring together at once.
        """
        return round(max(0.0, min(self.seats.a_alone_s, self.answer.limit_s - B_MIN_RING_S)) * 1000)

    @property
    def ring_limit_ms(self) -> int:
        """How long A and B of a window ring before the apology and the next stage."""
        return self.answer.limit_ms

    @property
    def apology_after_ms(self) -> int:
        """A wait this long begins with the apology: by seconds or by rings, whichever is sooner."""
        by_time = round(self.late.apology_after_s * 1000)
        if self.late.apology_after_rings_over is None:
            return by_time
        return min(by_time, self.late.apology_after_rings_over * self.answer.ring_period_ms)


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with the program."""
    folder = files("callflows").joinpath("profiles")
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def retired(name_or_path: str | Path) -> list[str]:
    """Say of each field the profile sets without effect where it stands, and that it may be removed."""
    where, own, text = _read(name_or_path)
    return [_without_effect(where, key, value, text) for key, value in own.items() if _is_retired(key, value)]


def _is_retired(key: str, value: object) -> bool:
    return key in RETIRED and RETIRED[key] in (None, value)


def _without_effect(where: str, key: str, value: object, text: str) -> str:
    line = next((n for n, line in enumerate(text.splitlines(), 1) if line.split("=")[0].strip() == key), 0)
    what = key if RETIRED[key] is None else f"{key} = {value!r}"
    return f"{where}{f':{line}' if line else ''}: {what} has no effect and may be removed"


def _read(name_or_path: str | Path) -> tuple[str, dict[str, Any], str]:
    """Return the file's name, what it says, and its text."""
    text = str(name_or_path)
    if text.endswith(".toml"):
        where, path = text, Path(text)
        if not path.is_file():
            raise ProfileError(f"{text}: there is no such profile file")
        content = path.read_text("utf-8")
    elif text in shipped_profiles():
        where = f"profiles/{text}.toml"
        content = files("callflows").joinpath("profiles", f"{text}.toml").read_text("utf-8")
    else:
        names = ", ".join(shipped_profiles())
        raise ProfileError(f"there is no profile {text!r}: use one of {names}, or the path of a .toml file")
    try:
        return where, tomllib.loads(content), content
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where}: not readable as TOML: {error}") from None


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``own`` laid over ``base``, table by table; a deadline rule or an area list is replaced whole."""
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        if key == "deadlines" and isinstance(value, dict) and isinstance(below, dict):
            merged[key] = below | value
        elif isinstance(value, dict) and isinstance(below, dict) and key not in ("onsite_min", "title"):
            merged[key] = _over(below, value)
        else:
            merged[key] = value
    return merged


def _explain(where: str, item: Any) -> str:
    """One line per mistake: file, key, what is wrong, what to do."""
    key = ".".join(str(part) for part in item["loc"] if not str(part).startswith("function-"))
    if item["type"] == "extra_forbidden":
        return f"{where}: {key}: unknown key; remove it (profiles/{DEFAULT_PROFILE}.toml shows all keys)"
    if item["type"] == "missing":
        return f"{where}: {key}: missing; add it"
    return f"{where}: {key or 'profile'} = {item['input']!r}: {item['msg'].removeprefix('Value error, ')}"
