"""Settings: one file, the environment over it, the command line over both; errors that help."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hotline.config.file import load, template, write_template
from hotline.config.settings import ENVIRONMENT, Settings, SettingsError
from hotline.config.values import Address, PortRange
from tests.support.need import ROOT

DOC = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def write(folder: Path, text: str) -> Path:
    path = folder / "hotline.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error(path: Path, **kwargs: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path, environ={}, **kwargs)  # type: ignore[arg-type]
    return str(caught.value)


def every_setting(model: type = Settings, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every setting in the model as its path; names chosen by the owner stand as ``NAME``."""
    found: list[tuple[str, ...]] = []
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        if name in ("config", "key") and not path:
            continue
        inner, is_map = _table_of(field.annotation)
        if name == "hours" and not path:
            found += [("hours", key) for key in ("default", *inner.model_fields)]  # type: ignore[union-attr]
        elif inner is None:
            found.append((*path, name))
        else:
            found += every_setting(inner, (*path, name, *(("NAME",) if is_map else ())))
    return found


def _table_of(annotation: object) -> tuple[type | None, bool]:
    is_map = getattr(annotation, "__origin__", None) is dict
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    candidates += [a for c in candidates for a in getattr(c, "__args__", ())]
    tables = [c for c in candidates if hasattr(c, "model_fields")]
    return (tables[0] if tables else None), is_map


def test_the_command_line_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'flow = "one"\nprofile = "one"\nengine = "embedded"\n[sip]\nlisten = "127.0.0.1:1001"\n')
    settings = load(
        path,
        {"sip": "127.0.0.1:3003"},
        {"HOTLINE_SIP": "127.0.0.1:2002", "HOTLINE_PROFILE": "two"},
    )
    assert (settings.flow, settings.profile, settings.sip.listen.port) == ("one", "two", 3003)


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("HOTLINE_ENGINE", "embedded", lambda s: s.engine),
        ("HOTLINE_FLOW", "direct", lambda s: s.flow),
        ("HOTLINE_PROFILE", "gbt33358", lambda s: s.profile),
        ("HOTLINE_SIP", "127.0.0.1:5070", lambda s: str(s.sip.listen)),
        ("HOTLINE_ADVERTISE", "192.0.2.10", lambda s: s.sip.advertise),
        ("HOTLINE_RTP", "20000-20999", lambda s: str(s.rtp.ports)),
        ("HOTLINE_PANEL", "[::1]:8081", lambda s: str(s.panel.listen)),
        ("HOTLINE_DATA", "/srv/hotline", lambda s: str(s.data.dir)),
        ("HOTLINE_DATABASE_URL", "postgresql://u@h/d", lambda s: s.database),
        ("HOTLINE_KEY", "a:AAAA", lambda s: s.key),
        ("HOTLINE_ASTERISK_URL", "http://127.0.0.1:8099", lambda s: s.asterisk.url),
        ("HOTLINE_ASTERISK_AMI", "127.0.0.1:5039", lambda s: str(s.asterisk.ami)),
        ("HOTLINE_ASTERISK_SECRET", "word", lambda s: s.asterisk.secret),
        ("HOTLINE_ASTERISK_SPOOL", "/srv/spool", lambda s: str(s.asterisk.spool)),
        ("HOTLINE_ASTERISK_START", "true", lambda s: str(s.asterisk.start).lower()),
        ("HOTLINE_ASTERISK_ROOT", "/srv/root", lambda s: str(s.asterisk.root)),
    ],
)
def test_each_environment_variable_sets_what_it_is_named_after(variable: str, value: str, read: object) -> None:
    assert read(load(environ={variable: value})) == value  # type: ignore[operator]


def test_every_environment_variable_is_tried_above() -> None:
    marks = test_each_environment_variable_sets_what_it_is_named_after.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks[0].args[1]} == set(ENVIRONMENT)


def test_an_error_names_file_line_key_and_remedy(tmp_path: Path) -> None:
    path = write(tmp_path, 'flow = "direct"\n\n[sip]\nlisten = "5060"\n')
    text = error(path)
    assert text.startswith(f"{path}, line 4: sip.listen: ") and '"127.0.0.1:5060"' in text


def test_an_error_names_the_variable_or_the_option_it_came_from() -> None:
    with pytest.raises(SettingsError, match=r"^HOTLINE_RTP=9-1: "):
        load(environ={"HOTLINE_RTP": "9-1"})
    with pytest.raises(SettingsError, match=r"^--panel=8080: write HOST:PORT"):
        load(options={"panel": "8080"}, environ={})


def test_a_misspelt_setting_is_an_error_that_lists_the_right_ones(tmp_path: Path) -> None:
    text = error(write(tmp_path, '[sip]\nlisen = "127.0.0.1:5060"\n'))
    assert "line 2: sip.lisen: there is no such setting" in text and "listen" in text


def test_a_file_that_is_no_toml_says_where_it_goes_wrong(tmp_path: Path) -> None:
    assert "line 2" in error(write(tmp_path, "flow = 'a'\nprofile = \n"))


def test_a_window_with_an_unknown_seat_is_refused(tmp_path: Path) -> None:
    text = error(write(tmp_path, '[windows.general]\nname = "综合"\nseats = ["9"]\n'))
    assert 'windows.general.seats: there is no seat "9"' in text


def test_windows_without_a_general_one_are_refused(tmp_path: Path) -> None:
    seats = '[seats.101]\nuri = "sip:101@192.0.2.1"\n'
    text = error(write(tmp_path, seats + '[windows.repair]\nname = "报修"\nseats = ["101"]\n'))
    assert "[windows.general]" in text


def test_a_seat_registers_or_is_called_never_both(tmp_path: Path) -> None:
    both = '[seats.101]\nsecret = "longenough"\nuri = "sip:101@192.0.2.1"\n'
    assert "either secret" in error(write(tmp_path, both))
    assert "either secret" in error(write(tmp_path, '[seats.101]\nname = "一"\n'))


def test_a_registered_trunk_needs_user_and_secret(tmp_path: Path) -> None:
    assert "needs user and secret" in error(write(tmp_path, '[trunk]\nhost = "sip.example"\n'))


def test_opening_hours_are_always_or_a_schedule(tmp_path: Path) -> None:
    path = write(
        tmp_path, '[hours]\ndefault = "always"\nhall = { kind = "workday", open = "08:30", close = "17:30" }\n'
    )
    hours = load(path, environ={}).hours
    assert hours["default"].kind == "always" and hours["hall"].workdays_only
    assert 'write "always"' in error(write(tmp_path, '[hours]\ndefault = "sometimes"\n'))


def test_a_file_somebody_named_must_exist(tmp_path: Path) -> None:
    assert "hotline init" in error(tmp_path / "absent.toml")


def test_without_a_file_the_template_counts_unless_one_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).windows["repair"].name == "故障报修"
    with pytest.raises(SettingsError, match="hotline init"):
        load(environ={}, need_file=True)


def test_paths_in_the_file_are_relative_to_it_and_typed_ones_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = write(tmp_path, '[data]\ndir = "kept"\n')
    assert load(path, environ={}).data.dir == tmp_path / "kept"
    assert load(path, {"data": "kept"}, {}).data.dir == tmp_path / "here" / "kept"


def test_default_addresses_may_move_given_ones_may_not(tmp_path: Path) -> None:
    assert not load(environ={}).sip_explicit
    assert load(environ={"HOTLINE_SIP": "127.0.0.1:5070"}).sip_explicit
    assert load(write(tmp_path, '[panel]\nlisten = "127.0.0.1:8080"\n'), environ={}).panel_explicit


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    path = write(tmp_path, template() + '\n[trunk]\nhost = "h"\nuser = "u"\nsecret = "hidden-trunk"\n')
    settings = load(path, environ={"HOTLINE_KEY": "hidden-key", "HOTLINE_DATABASE_URL": "postgresql://u:hidden@h/d"})
    assert "hidden" not in repr(settings)
    assert (settings.seats["101"].secret or "?") not in repr(settings)


def test_init_writes_a_private_file_with_fresh_secrets_and_never_overwrites(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    assert write_template(one) and write_template(two)
    assert one.stat().st_mode & 0o777 == 0o600
    secrets = [seat.secret for path in (one, two) for seat in load(path, environ={}).seats.values()]
    assert len(set(secrets)) == len(secrets) == 8
    one.write_text("flow = 'mine'\n")
    assert not write_template(one) and one.read_text() == "flow = 'mine'\n"


def test_the_template_says_what_the_defaults_are() -> None:
    """Every commented line of the template, uncommented, is valid and sets the default."""
    defaults = Settings().model_dump(mode="json")
    tables: dict[str, str] = {}
    table = ""
    for line in template().splitlines():
        if header := re.match(r"\[(\w+)\]", line):
            table = header[1]
        elif setting := re.match(r"# ([a-z_]+ = .+)$", line):
            tables.setdefault(table, "")
            tables[table] += setting[1] + "\n"
    checked = 0
    for name in ("", "sip", "rtp", "panel", "data", "test"):
        here = defaults[name] if name else defaults
        for key, value in tomllib.loads(tables[name]).items():
            if key not in ("tls_cert", "tls_key", "tls_ca"):
                assert here[key] == value, (name, key)
                checked += 1
    assert checked >= 9


@pytest.mark.parametrize("setting", every_setting(), ids=".".join)
def test_every_setting_is_in_the_template_and_in_the_docs(setting: tuple[str, ...]) -> None:
    *tables, key = setting
    table = tables[0] if tables else ""
    if key == "numbers":  # a table whose keys are telephone numbers
        assert "\n[numbers]" in template() and "\n## [numbers]" in DOC
        return
    assert re.search(rf"\b{key} = ", _section(template(), table)), f"{setting} is not in the template"
    heading = f"## [{'.'.join(tables)}]" if tables else "## At the top"
    assert heading in DOC, f"docs/settings.md has no heading {heading!r}"
    assert f"`{key}`" in DOC.split(heading, 1)[1].split("\n## ")[0], f"{setting} is not in docs/settings.md"


@pytest.mark.parametrize("variable", [*ENVIRONMENT, "HOTLINE_CONFIG"])
def test_every_environment_variable_is_in_the_docs(variable: str) -> None:
    assert f"`{variable}`" in DOC


def _section(text: str, table: str) -> str:
    """The lines of a table (``seats`` stands for ``[seats.101]`` and its like), or those before any."""
    lines, here = [], ""
    for line in text.splitlines():
        if header := re.match(r"(?:# )?\[(\w+)", line):
            here = header[1]
        if here == table:
            lines.append(line)
    return "\n".join(lines)


def test_addresses_and_ranges_are_read_and_written_alike() -> None:
    settings = load(options={"sip": "[::1]:5060", "rtp": "20000-20009"}, environ={})
    assert settings.sip.listen == Address("::1", 5060) and str(settings.sip.listen) == "[::1]:5060"
    assert settings.rtp.ports == PortRange(20000, 20009) and str(settings.rtp.ports) == "20000-20009"
