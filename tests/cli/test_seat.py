"""``hotline seat`` (STF-3, STF-16): operators sign in at a seat in the terminal, by the rules of the panel."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hotline.cli import main

Run = Callable[..., Result]


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A hotline with two seats in an empty folder, two operators and a lead."""
    monkeypatch.chdir(tmp_path)
    seats = "".join(f'[seats.{seat}]\nsecret = "geheim-{seat}-geheim"\n' for seat in ("101", "102"))
    (tmp_path / "hotline.toml").write_text(seats + '[windows.general]\nname = "综合"\nseats = ["101"]\n', "utf-8")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    assert run("db", "upgrade").exit_code == 0
    for name, role in (("li", "operator"), ("zhao", "operator"), ("wang", "lead")):
        assert run("user", "add", name, "--role", role).exit_code == 0
    return run


def test_stf_16_an_operator_signs_in_pauses_and_signs_out(hotline: Run) -> None:
    assert "101: ready, li" in hotline("seat", "sign-in", "101", "--user", "li").output
    assert "seat 101" in hotline("seat", "sign-in", "102", "--user", "li").output
    refused = hotline("seat", "pause", "101", "--reason", "meal", "--as", "zhao")
    assert (refused.exit_code, "Only a lead" in refused.output) == (1, True)
    paused = hotline("seat", "pause", "101", "--reason", "meal", "--where", "食堂", "--as", "li")
    assert "paused (meal), li" in paused.output
    here, other = json.loads(hotline("seat", "list", "--json").output)
    assert (here["seat"], here["state"], here["reason"], here["where_to"]) == ("101", "paused", "meal", "食堂")
    assert (other["seat"], other["state"], other["phone"]) == ("102", "", "not registered")
    assert "101: ready" in hotline("seat", "ready", "101", "--as", "wang").output
    assert "no after-call work" in hotline("seat", "wrap-up", "101", "--as", "li").output
    assert "101: signed out" in hotline("seat", "sign-out", "101", "--as", "li").output


def test_an_act_in_a_talk_is_refused_while_no_process_answers(hotline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.seat_acts.EXPIRES_MS", 50)
    acted = hotline("seat", "act", "101", "hold", "--as", "wang")
    assert (acted.exit_code, "does not run" in acted.output) == (1, True)
