"""Phrases by key: what the hotline says and what operators read, with the clause it comes from.

    phrases = Phrases.load(variables={"unit": "示例市供电公司"})
    phrases.text("case.number", {"number": "2611260013"}, "zh-CN")   # 您的受理编号是二六幺…
    phrases.text("menu.item", {"what": "label.repair", "key": "1"}, "en")

Placeholders are typed in the phrase itself (``{due:date}``), so whoever asks for a phrase passes
plain values and never has to know a language. ``{unit}`` and other variables of the hotline are
filled in when the files are read; a language's own value is given as ``unit.en``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ivr.errors import IvrError

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

from ivr import spoken

DEFAULT_LANG = "zh-CN"
USES = ("I", "O", "B")  # spoken by the hotline, shown to operators, both

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::([a-z]+))?\}")

_TYPES: Mapping[str, Callable[[str, str, int | None], str]] = {
    "date": spoken.iso_day_or_moment,
    "digits": lambda value, lang, _: spoken.digits(value, lang),
    "phone": lambda value, lang, _: spoken.phone(value, lang),
    "count": lambda value, lang, _: spoken.count(int(value), lang),
    "minutes": lambda value, lang, _: spoken.minutes(int(value), lang),
    "key": lambda value, lang, _: spoken.key(value, lang),
}


class PhraseError(IvrError, LookupError):
    """A phrase that does not exist, or one asked for with the wrong arguments."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase: ``text`` per language, the clause it comes from, who says it.

    ``use``: ``I`` spoken by the hotline, ``O`` shown to operators, ``B`` both. ``also``: further
    wordings of the source. ``proposed``: not in the sources, waits for the owner's approval.
    """

    key: str
    text: Mapping[str, str]
    source: str
    use: str
    proposed: bool = False
    also: tuple[str, ...] = ()

    def placeholders(self, lang: str = DEFAULT_LANG) -> dict[str, str]:
        """The arguments still to be given, with their types (``""``: as it is)."""
        return {name: kind or "" for name, kind in _PLACEHOLDER.findall(self.text[lang])}

    def without_placeholders(self, lang: str = DEFAULT_LANG) -> str:
        """The words of the phrase itself."""
        return _PLACEHOLDER.sub(" ", self.text[lang])


class Phrases:
    """All phrases, variables filled in. Read once, passed in, never changed."""

    def __init__(self, phrases: Mapping[str, Phrase]) -> None:
        self._phrases = dict(phrases)

    @classmethod
    def load(
        cls,
        langs: Sequence[str] = spoken.LANGS,
        overrides: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Phrases:
        """Read the shipped phrases, then ``overrides`` (a folder with ``zh-CN.yaml``, ``en.yaml``).

        An override replaces the text (``key: "new text"``) or adds a phrase. Raises
        :class:`PhraseError` naming file and key when something in a file is wrong.
        """
        merged: dict[str, dict[str, Any]] = {}
        if overrides is not None and not overrides.is_dir():
            raise PhraseError(f"{overrides}: there is no such folder; it should hold zh-CN.yaml or en.yaml")
        shipped = files("callflows").joinpath("phrases")
        for lang in _default_first(langs):
            _merge(merged, lang, f"phrases/{lang}.yaml", shipped.joinpath(f"{lang}.yaml").read_text("utf-8"))
        for lang in _default_first(langs):
            path = overrides / f"{lang}.yaml" if overrides else None
            if path and path.is_file():
                _merge(merged, lang, str(path), path.read_text("utf-8"))
        return cls({key: _phrase(key, entry, variables or {}) for key, entry in merged.items()})

    def __iter__(self) -> Iterator[Phrase]:
        return iter(self._phrases.values())

    def has(self, key: str) -> bool:
        """Is there a phrase with this key?"""
        return key in self._phrases

    def get(self, key: str) -> Phrase:
        """The phrase itself; :class:`PhraseError` names the nearest keys when there is none."""
        if key in self._phrases:
            return self._phrases[key]
        near = difflib.get_close_matches(key, self._phrases, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "`hotline flow check` lists all keys"
        raise PhraseError(f"there is no phrase {key!r}: {hint}")

    def source(self, key: str) -> str:
        """The clause the phrase comes from (``S4-29``), or ``project``."""
        return self.get(key).source

    def text(
        self,
        key: str,
        args: Mapping[str, str] | None = None,
        lang: str = DEFAULT_LANG,
        today: date | None = None,
    ) -> str:
        """What is said. Dates are said without their year when it is the year of ``today``.

        A language the phrase does not have falls back to Chinese. Raises :class:`PhraseError` for an
        unknown key, a missing or unknown argument, or a value that cannot be said.
        """
        phrase = self.get(key)
        if lang not in phrase.text:
            lang = DEFAULT_LANG
        given, wanted = dict(args or {}), phrase.placeholders(lang)
        self._check_arguments(phrase, given, wanted)

        def fill(match: re.Match[str]) -> str:
            return self._say(key, match[1], match[2] or "", given[match[1]], lang, today)

        return _PLACEHOLDER.sub(fill, phrase.text[lang])

    def static_texts(self, lang: str = DEFAULT_LANG) -> list[str]:
        """Every text that can be made into audio beforehand (``hotline voice build``).

        All phrases the hotline speaks that need no argument, every menu item on the keys it may
        stand on, and the digits. In the order of the file, each text once.
        """
        spoken_by_us = [p for p in self if p.use != "O" and lang in p.text]
        texts = [p.text[lang] for p in spoken_by_us if not p.placeholders(lang)]
        if self.has("menu.item"):
            items = [(p.key, k) for p in spoken_by_us for k in _menu_keys(p.key)]
            texts += [self.text("menu.item", {"what": what, "key": k}, lang) for what, k in items]
        texts += [spoken.digits(d, lang) for d in "0123456789"]
        return list(dict.fromkeys(texts))

    def _check_arguments(self, phrase: Phrase, given: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        needs = f"it needs {', '.join(wanted)}" if wanted else "it takes none"
        if missing := [name for name in wanted if name not in given]:
            raise PhraseError(f"phrase {phrase.key!r}: argument {missing[0]!r} is missing ({needs})")
        if unknown := [name for name in given if all(name not in phrase.placeholders(x) for x in phrase.text)]:
            raise PhraseError(f"phrase {phrase.key!r} has no argument {unknown[0]!r} ({needs})")

    def _say(self, key: str, name: str, kind: str, value: str, lang: str, today: date | None) -> str:
        if kind == "":
            return value
        if kind == "phrase":  # another phrase by its key, or a text of the flow's own
            return self.text(value, {}, lang, today) if value in self._phrases else value
        try:
            return _TYPES[kind](value, lang, today.year if today else None)
        except ValueError as error:
            raise PhraseError(f"phrase {key!r}, argument {name!r}: {error}") from None


def _menu_keys(key: str) -> str:
    """The keys a label stands on: a person on 0 (requirements 0.1), hearing again on *, choices from 1."""
    if key == "label.person":
        return "0"
    if key in ("label.again", "label.back"):
        return "*#"
    if key.startswith("category."):
        return "12345"  # at most five choices at a time (B5)
    return "123456789" if key.startswith("label.") else ""


def _default_first(langs: Sequence[str]) -> list[str]:
    """Chinese first: it carries source and use, the others only their text."""
    return [DEFAULT_LANG, *(lang for lang in langs if lang != DEFAULT_LANG)]


def _merge(merged: dict[str, dict[str, Any]], lang: str, where: str, content: str) -> None:
    try:
        entries = yaml.load(content, Loader=SafeLoader) or {}
    except yaml.YAMLError as error:
        raise PhraseError(f"{where}: not readable as YAML: {error}") from None
    if not isinstance(entries, dict):
        raise PhraseError(f'{where}: expected lines of the form  key: "text"')
    for key, value in entries.items():
        entry = {"text": value} if isinstance(value, str) else value
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise PhraseError(f'{where}: phrase {key!r}: write  {key}: "text"  or  {key}: {{text: …, source: …}}')
        if unknown := set(entry) - {"text", "source", "use", "proposed", "also"}:
            raise PhraseError(
                f"{where}: phrase {key!r}: unknown field {min(unknown)!r}; use text, source, use, proposed, also"
            )
        present = merged.setdefault(str(key), {"text": {}, "source": "project", "use": "I"})
        present["text"][lang] = entry["text"]
        present.update({field: entry[field] for field in entry if field != "text"})
        present["where"] = where


def _phrase(key: str, entry: Mapping[str, Any], variables: Mapping[str, str]) -> Phrase:
    where = entry["where"]
    texts = {}
    for lang, text in entry["text"].items():
        texts[lang] = _fill_variables(text, lang, variables)
        for name, kind in _PLACEHOLDER.findall(text):
            if kind and kind != "phrase" and kind not in _TYPES:
                raise PhraseError(
                    f"{where}: phrase {key!r}: {{{name}:{kind}}} has no such type; use {', '.join(_TYPES)}, phrase"
                )
        if left := re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
            raise PhraseError(f"{where}: phrase {key!r}: stray {left[0]!r}; write {{name}} or {{name:type}}")
    if DEFAULT_LANG not in texts:
        raise PhraseError(f"{where}: phrase {key!r} has no Chinese text; add it to {DEFAULT_LANG}.yaml")
    if entry["use"] not in USES:
        raise PhraseError(f"{where}: phrase {key!r}: use must be one of {', '.join(USES)}, not {entry['use']!r}")
    also = tuple(_fill_variables(text, DEFAULT_LANG, variables) for text in entry.get("also", ()))
    return Phrase(key, texts, entry["source"], entry["use"], bool(entry.get("proposed")), also)


def _fill_variables(text: str, lang: str, variables: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        value = variables.get(f"{match[1]}.{lang}", variables.get(match[1]))
        return match[0] if value is None or match[2] else value

    return _PLACEHOLDER.sub(fill, text)
