"""Only a machine that paused lets a story be told again; whoever fails by himself fails at once."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.support.pauses import LONG_S, Pause, Witness, lost

pytest_plugins = "pytester"

# What an inner run's machine does is said by its tests: each takes a pause down, or none.
MACHINE = """
import pytest
from tests.support.pauses import Pause
from tests.support.told_again import ToldAgain

seen = []

def pytest_configure(config):
    config.addinivalue_line("markers", "network: real calls")
    config.pluginmanager.register(ToldAgain(lambda: 0.0, lambda since: list(seen)), "told-again")

@pytest.fixture
def pause(request):
    seen.clear()
    return lambda: seen.append(Pause(1.0, 1.25))

@pytest.fixture
def times(request):
    told = request.session.__dict__.setdefault("told", {})
    told[request.node.name] = told.get(request.node.name, 0) + 1
    return told[request.node.name]
"""


def tell(pytester: pytest.Pytester, stories: str, *options: str) -> pytest.RunResult:
    """Run these tests on a machine whose pauses they name themselves."""
    pytester.makeconftest(MACHINE)
    pytester.makepyfile("import pytest\n" + stories)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)


def test_a_story_that_failed_while_the_machine_paused_is_told_once_more_and_named_last(
    pytester: pytest.Pytester,
) -> None:
    result = tell(
        pytester,
        """
@pytest.mark.network
def test_heard(pause, times):
    pause()
    assert times == 2
""",
    )
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1)
    last = [line for line in result.outlines if line][-2]  # before the line of numbers
    assert last.startswith("TOLD AGAIN test_a_story") and "paused for 250 ms" in last


def test_a_failure_without_a_pause_is_a_failure_at_once(pytester: pytest.Pytester) -> None:
    result = tell(
        pytester,
        """
@pytest.mark.network
def test_heard(pause, times):
    assert times == 2
""",
    )
    result.assert_outcomes(failed=1)
    assert "TOLD AGAIN" not in result.stdout.str()


def test_what_places_no_calls_is_never_told_again(pytester: pytest.Pytester) -> None:
    result = tell(
        pytester,
        """
def test_computed(pause, times):
    pause()
    assert times == 2
""",
    )
    result.assert_outcomes(failed=1)


def test_a_story_that_fails_twice_has_failed_and_says_how(pytester: pytest.Pytester) -> None:
    result = tell(
        pytester,
        """
@pytest.mark.network
def test_heard(pause):
    pause()
    assert "this" == "that"
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 'this' == 'that'*", "*MachinePaused: the machine paused for 250 ms*"])


def test_the_third_story_of_a_run_is_not_told_again(pytester: pytest.Pytester) -> None:
    result = tell(
        pytester,
        """
@pytest.mark.network
@pytest.mark.parametrize("story", range(3))
def test_heard(pause, times, story):
    pause()
    assert times == 2
""",
    )
    result.assert_outcomes(passed=2, failed=1)


def test_workers_that_told_three_again_between_them_have_failed(pytester: pytest.Pytester) -> None:
    result = tell(
        pytester,
        """
@pytest.mark.network
@pytest.mark.parametrize("story", range(4))
def test_heard(pause, times, story):
    pause()
    assert times == 2
""",
        "-n2",
        "--dist=load",
    )
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.stdout.str().count("TOLD AGAIN") == 4


def test_the_fixtures_of_a_story_are_made_anew_and_both_are_ended(pytester: pytest.Pytester) -> None:
    result = tell(
        pytester,
        """
ended = []

@pytest.fixture
def line():
    made = object()
    yield made
    ended.append(made)

@pytest.mark.network
def test_heard(pause, times, line):
    pause()
    assert times == 2 and len(ended) == 1 and line is not ended[0]

def test_after():
    assert len(ended) == 2
""",
    )
    result.assert_outcomes(passed=2)


def test_a_witness_sees_how_long_a_machine_stood_still() -> None:
    witness = Witness.begin()
    try:
        time.sleep(0.5)  # they are at work
        before = witness.now()
        for process in witness.processes:
            os.kill(process.pid, signal.SIGSTOP)
        time.sleep(5 * LONG_S)
        for process in witness.processes:
            os.kill(process.pid, signal.SIGCONT)
        seen = witness.since(before)
        assert len(seen) >= len(witness.processes)
        assert max(pause.ended - pause.began for pause in seen) > 4 * LONG_S
        assert witness.since(witness.now() + 60) == []
    finally:
        witness.end()
    assert all(process.returncode is not None for process in witness.processes)


def test_a_pause_that_both_cpus_saw_counts_once_and_of_one_that_began_before_only_the_rest() -> None:
    pauses = [Pause(9.0, 10.5), Pause(12.0, 12.25), Pause(12.125, 12.5), Pause(12.25, 12.375)]
    assert lost(pauses, 10.0) == 0.5 + 0.5
