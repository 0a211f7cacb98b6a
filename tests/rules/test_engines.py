"""An engine is one object: the hotline around it asks that object, and nowhere by name."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from hotline.asterisk.managed import ChosenAsterisk
from hotline.config.engines import SETTINGS, EngineName
from hotline.config.settings import Settings
from hotline.doctor import checks
from hotline.engines.choice import ENGINES
from hotline.engines.embedded import Embedded
from hotline.finding import Finding
from hotline.process import door
from hotline.process.addresses import AddressTaken, choose_addresses
from hotline.process.serve import _supervisor

ROOT = Path(__file__).parents[2]


class Elsewhere(Embedded):
    """Made up: an engine whose program is another, which goes on when we end."""

    listens = False
    outlives = True

    def examine(self, settings: Settings) -> Iterator[Finding]:
        yield Finding("elsewhere", "ok", "is there")

    def learns(self, settings: Settings) -> str:
        return "; it is told by post"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "embedded", Elsewhere())


def test_every_engine_that_can_be_set_has_its_object_and_its_half_of_the_settings() -> None:
    assert set(get_args(EngineName)) == set(ENGINES) == set(SETTINGS)
    assert all(ENGINES[name].settings is half and half.name == name for name, half in SETTINGS.items())
    assert all(half.table in Settings.model_fields for half in SETTINGS.values())


def test_nobody_around_it_asks_which_engine_it_is() -> None:
    asks = re.compile(r"engine\s*(?:==|!=|in \(|not in)")
    found = [str(path) for path in ROOT.joinpath("hotline").rglob("*.py") if asks.search(path.read_text("utf-8"))]
    assert found == []


def test_a_new_engine_is_examined_and_said_without_a_line_elsewhere(elsewhere: None) -> None:
    trunk = Settings.model_validate({"trunk": {"host": "sip.example", "user": "u", "secret": "s"}})
    assert [found.what for found in checks.engine(trunk)] == ["elsewhere"]
    assert "it is told by post" in door.notice(trunk)


def test_the_ports_of_a_program_of_its_own_are_not_chosen_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = Settings.model_validate({"sip": {"listen": f"127.0.0.1:{other.getsockname()[1]}"}})
        with pytest.raises(AddressTaken):
            choose_addresses(taken, panel=False)
        monkeypatch.setitem(ENGINES, "embedded", Elsewhere())
        assert choose_addresses(taken, panel=False).settings == taken
        with pytest.raises(AddressTaken):  # unless we start it
            choose_addresses(taken, panel=False, own_program=True)


def test_a_spare_waits_where_calls_outlive_us_and_only_there(elsewhere: None) -> None:
    of = [_supervisor(ChosenAsterisk(Settings(engine="asterisk", asterisk={"secret": "s"})), print)]
    of.append(_supervisor(ENGINES["embedded"].beside(Settings()), print))
    assert all(each.children[0].spare_command for each in of)
    plain = Embedded()
    assert not plain.outlives and not plain.beside(Settings()).environ
