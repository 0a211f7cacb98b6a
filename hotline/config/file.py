"""Reading ``hotline.toml`` with its line numbers, and writing the first one from the template."""

from __future__ import annotations

import json
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hotline.config.settings import CONFIG_VARIABLE, ENVIRONMENT, OPTIONS, Settings, SettingsError

FILE_NAME = "hotline.toml"
SECRET_MARK = "@SECRET@"  # noqa: S105 - the place in the template, not a secret

Path_ = tuple[str, ...]


def template() -> str:
    """The commented template, with fresh random seat secrets."""
    text = resources.files("hotline.config").joinpath(FILE_NAME).read_text(encoding="utf-8")
    return re.sub(SECRET_MARK, lambda _: secrets.token_urlsafe(12), text)


def write_template(path: Path) -> bool:
    """Write the first ``hotline.toml`` (0600, it holds secrets); False when the file exists already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(template())
    return True


def to_toml(tree: Mapping[str, Any], table: str = "") -> str:
    """A tree of tables as TOML (JSON's strings, numbers, lists and booleans are TOML's)."""
    lines = [
        f"{json.dumps(key)} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in tree.items()
        if not isinstance(value, Mapping)
    ]
    text = (f"[{table}]\n" if table else "") + "\n".join(lines) + "\n"
    for key, value in tree.items():
        if isinstance(value, Mapping):
            text += "\n" + to_toml(value, f"{table}.{json.dumps(key)}" if table else json.dumps(key))
    return text


def config_path(config: Path | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """The file to read, and whether somebody named it."""
    if config is not None:
        return config, True
    if environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE]), True
    return Path(FILE_NAME), False


def load(
    config: Path | None = None,
    options: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    need_file: bool = False,
) -> Settings:
    """Read the settings.

    ``config``: the file; default ``HOTLINE_CONFIG``, then ``./hotline.toml``. When there is none, the
    shipped template counts, unless ``need_file``. ``options``: by name (``sip``, ``rtp``, ``panel``,
    ``data``, ``flow``, ``profile``, ``engine``); None is not given. Raises :class:`SettingsError`.
    """
    options, environ = options or {}, os.environ if environ is None else environ
    path, named = config_path(config, environ)
    found = path.is_file()
    if not found and (named or need_file):
        raise SettingsError(f"there is no {path}: run `hotline init --config {path}` to make one, or name another")
    text = path.read_text(encoding="utf-8") if found else template()
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}; see docs/settings.md for how the file is written") from None

    where: dict[Path_, str] = {}  # settings that did not come from the file, and where they came from
    for name, key in ENVIRONMENT.items():
        if environ.get(name):
            _put(tree, key, environ[name])
            where[key] = name
    for name, key in OPTIONS.items():
        if options.get(name) is not None:
            _put(tree, key, options[name])
            where[key] = f"--{name}"
    try:
        settings = Settings.model_validate({**tree, "config": path.absolute() if found else None})
    except ValidationError as error:
        lines = [_explain(problem, where, path, text) for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None
    return _with_absolute_paths(settings, path.absolute().parent if found else Path.cwd(), where)


def _put(tree: dict[str, Any], key: Path_, value: object) -> None:
    for part in key[:-1]:
        tree = tree.setdefault(part, {})
    tree[key[-1]] = value


def _with_absolute_paths(settings: Settings, home: Path, where: Mapping[Path_, str]) -> Settings:
    """Paths in the file are relative to the file; those typed or exported, to where one stands."""

    def absolute(path: Path | None, *key: str) -> Path | None:
        return None if path is None else (Path.cwd() if key in where else home) / path.expanduser()

    data = settings.data.model_copy(update={"dir": absolute(settings.data.dir, "data", "dir")})
    panel = settings.panel.model_copy(
        update={name: absolute(getattr(settings.panel, name)) for name in ("tls_cert", "tls_key")}
    )
    sip = settings.sip.model_copy(
        update={
            "tls_cert": absolute(settings.sip.tls_cert) or (data.dir / "tls" / "server.crt"),
            "tls_key": absolute(settings.sip.tls_key) or (data.dir / "tls" / "server.key"),
            "tls_ca": absolute(settings.sip.tls_ca),
        }
    )
    voice = settings.voice.model_copy(
        update={
            "human_dir": absolute(settings.voice.human_dir),
            "hold_music": absolute(settings.voice.hold_music),
            "cache_dir": absolute(settings.voice.cache_dir) or (data.dir / "voices"),
            "piper": {lang: absolute(path) for lang, path in settings.voice.piper.items()},
        }
    )
    asterisk = settings.asterisk.model_copy(
        update={
            "spool": absolute(settings.asterisk.spool, "asterisk", "spool"),
            "media": absolute(settings.asterisk.media) or (data.dir / "media"),
            "root": absolute(settings.asterisk.root, "asterisk", "root"),
            "tls_cert": absolute(settings.asterisk.tls_cert) or (data.dir / "tls" / "server.crt"),
            "tls_key": absolute(settings.asterisk.tls_key) or (data.dir / "tls" / "server.key"),
        }
    )
    calendar = settings.calendar.model_copy(
        update={"tables": tuple(absolute(path) for path in settings.calendar.tables)}
    )
    return settings.model_copy(
        update={"sip": sip, "data": data, "panel": panel, "voice": voice, "asterisk": asterisk, "calendar": calendar}
    )


def _explain(problem: Any, where: Mapping[Path_, str], path: Path, text: str) -> str:
    key: Path_ = tuple(str(part) for part in problem["loc"])
    source = where.get(key) or next((where[key[:n]] for n in range(len(key), 0, -1) if key[:n] in where), None)
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = f"there is no such setting; known here: {', '.join(_known(key[:-1]))}"
    elif problem["type"] == "literal_error":
        message = f"write {problem['ctx']['expected']}, not {problem['input']!r}"
    elif problem["type"] == "missing":
        message = "is missing; please add it"
    if source:
        return f"{source}={problem['input']}: {message}"
    line = line_of(text, key)
    place = f"{path}, line {line}" if line else str(path)
    return f"{place}: {'.'.join(key)}: {message}" if key else f"{place}: {message}"


def _known(key: Path_) -> list[str]:
    """The settings of the table at ``key``."""
    model: Any = Settings
    for part in key:
        field = getattr(model, "model_fields", {}).get(part)
        annotation = field.annotation if field else model
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next((c for c in candidates if hasattr(c, "model_fields")), model)
    return [name for name in model.model_fields if name not in ("config", "key")]


def line_of(text: str, key: Path_) -> int | None:
    """The line of a setting (or of its table, or of the nearest table above it) in the file."""
    best: tuple[int, int] = (0, 0)  # (how much of the key matches, line)
    table: Path_ = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = tuple(part.strip(" \"'") for part in header[1].split("."))
            here = table
        elif setting := re.match(r"\s*([\w\"'.-]+)\s*=", line):
            here = (*table, *(part.strip("\"'") for part in setting[1].split(".")))
        else:
            continue
        if here == key[: len(here)] and len(here) > best[0]:
            best = (len(here), number)
    return best[1] or None
