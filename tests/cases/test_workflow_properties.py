"""Whatever is done to a case, in whatever order: it can be archived, and its due date has a reason."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.calendar.tables import WorkCalendar
from ivr.cases.actions import ACTIONS, STATES, ActionRefused
from ivr.cases.deadlines import CasePolicy
from ivr.cases.reminders import LEVELS, due_level, next_action
from ivr.cases.workflow import possible
from ivr.facts import FACTS
from ivr.facts.cases import CaseFact
from ivr.profile import Profile
from tests.support.case import Told
from tests.support.moments import ZONE

PEOPLE = (("李强", "operator"), ("王芳", "lead"), ("陈总", "supervisor"))
BASE = Profile.load()
RULES = CasePolicy(
    BASE.model_copy(update={"casework": BASE.casework.model_copy(update={"pausable": tuple(BASE.deadlines)})}),
    WorkCalendar.load(), ZONE,
)  # fmt: skip
GIVEN = {
    "urgency": "urgent", "window": "complaint", "category": "attitude", "handler": "李强", "reason": "有原因",
    "text": "说明", "evidence": "call-1", "until": "2027-06-01 12:00", "n": "3", "flag": "major", "verdict": "valid",
    "concerned": "李强", "other": "2609240013", "consent": "no", "rating": "5",
}  # fmt: skip
ACTION = st.tuples(
    st.sampled_from(sorted(ACTIONS)), st.sampled_from(PEOPLE), st.integers(1, 4 * 86_400_000),
    st.sampled_from(["yes", "no"]), st.sampled_from(["yes", "no"]),
)  # fmt: skip
STORIES = st.lists(ACTION, max_size=25)
KINDS = st.sampled_from(["complaint", "report", "repair", "enquiry", "suggestion", "praise"])


def told(kind, anonymous, story):
    """What is allowed of the story happens; the rest is refused and changes nothing."""
    case = Told(RULES, kind, "2026-11-23 10:00", anonymous=anonymous)
    for action, (who, role), later, solved, consent in story:
        before, now = case.row, case.now
        case.now += later
        try:
            case.do(action, who, role, solved=solved, **{**GIVEN, "consent": consent})
        except ActionRefused:
            assert case.row == before
            case.now = now
        yield case, action, before


@settings(max_examples=150, deadline=None)
@given(KINDS, st.booleans(), STORIES)
def test_no_sequence_of_actions_leads_where_a_case_cannot_be_archived(kind, anonymous, story):
    case = Told(RULES, kind, anonymous=anonymous)
    for step in told(kind, anonymous, story):
        case = step[0]
    for _ in range(8):
        if case.row.status == "archived":
            return
        open_to = {action.id for action in possible(case.row, "王芳", "lead", case.now, RULES)}
        way = next(step for step in ("resume", "archive", "close", "reply") if step in open_to)
        case.do(way, **GIVEN)
    raise AssertionError(f"no way to the archive from {case.row.status}")


@settings(max_examples=150, deadline=None)
@given(KINDS, st.booleans(), STORIES)
def test_only_the_listed_actions_change_a_due_date_and_each_change_is_explained(kind, anonymous, story):
    case = Told(RULES, kind, anonymous=anonymous)
    for case, action, before in told(kind, anonymous, story):
        if case.row.due_ms != before.due_ms:
            assert ACTIONS[action].due
            last = list(case.tables.case_dues.values())[-1]
            assert (last.was, last.was_ms, last.due) == (before.due, before.due_ms, case.row.due)
            assert last.explanation[0].startswith("原期限")
    for one, two in pairwise(case.tables.case_dues.values()):
        assert (two.was, two.was_ms) == (one.due, one.due_ms)  # a chain with no gap


@settings(max_examples=150, deadline=None)
@given(KINDS, st.booleans(), STORIES)
def test_the_next_moment_is_what_the_case_says_and_states_are_known_ones(kind, anonymous, story):
    for case, _action, before in told(kind, anonymous, story):
        row = case.row
        assert row.status in STATES and row.version >= before.version
        assert row.next_action_at == next_action(row)
        if row.next_action_at is not None:
            assert due_level(row, row.next_action_at) is not None
            assert due_level(row, row.next_action_at - 1) is None


@settings(max_examples=150, deadline=None)
@given(KINDS, st.booleans(), STORIES)
def test_fst_1_who_took_it_up_stays_responsible_until_somebody_else_does(kind, anonymous, story):
    for case, action, before in told(kind, anonymous, story):
        if action in ("accept", "reply", "arrive") and case.row.version > before.version:
            assert case.row.owner
        if before.owner:
            assert case.row.owner and (case.row.owner == before.owner or action == "accept")


@settings(max_examples=150, deadline=None)
@given(KINDS, st.booleans(), STORIES)
def test_cbk_11_a_running_promise_is_always_watched_until_the_supervisor_was_told(kind, anonymous, story):
    for case, _action, _before in told(kind, anonymous, story):
        row = case.row
        runs = row.due_ms is not None and row.paused is None
        kept = row.replied is not None or row.closed is not None or row.arrived is not None
        if runs and not kept and row.warned < LEVELS[-1].percent:
            assert row.next_action_at is not None and row.span_from < row.next_action_at


@settings(max_examples=150, deadline=None)
@given(KINDS, st.booleans(), STORIES)
def test_a_promise_is_extended_at_most_once_and_the_stored_due_date_is_what_the_facts_say(kind, anonymous, story):
    case = Told(RULES, kind, anonymous=anonymous)
    for step in told(kind, anonymous, story):
        case = step[0]
    extended, due = 0, None
    for fact in case.facts:
        counted = fact.content if fact.name == "case_opened" else getattr(fact.content, "due", None)
        due = due if counted is None else counted.due_ms
        extended = 0 if fact.name == "case_reopened" else extended + (fact.name == "case_extended")
        assert extended <= 1
    assert due == case.row.due_ms


PAUSES = st.lists(st.tuples(st.integers(1, 5 * 24), st.integers(1, 30 * 24)), min_size=1, max_size=4)  # hours


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["complaint", "report", "suggestion", "enquiry", "request"]), PAUSES)
def test_what_was_used_before_the_pauses_and_what_is_left_after_them_is_what_was_promised(kind, pauses):
    """The days that ran, added up, are the rule's, however often the clock stood."""
    case = Told(RULES, kind)
    rule = RULES.rule(case.row)

    def days(first, last):
        if rule.unit == "workday":
            return RULES.calendar.workdays_between(first + timedelta(days=1), last)
        return (last - first).days

    promised, used, since = rule.n, 0, RULES.local(case.now).date()
    for running, standing in pauses:
        case.now += running * 3_600_000
        try:
            case.do("pause", "李强", "operator", reason="等待补充材料")
        except ActionRefused:
            assert case.now >= case.row.due_ms  # too late for a pause
            return
        used += days(since, RULES.local(case.now).date())
        case.now += standing * 3_600_000
        case.do("resume", "李强", "operator")
        since = RULES.local(case.now).date()
        left = days(since, date.fromisoformat(case.row.unrolled or case.row.due))
        # The rest of a last day is had on the next working day when the clock runs again on a day off.
        promised += used == promised and rule.unit == "workday" and not RULES.calendar.is_workday(since)
        assert min(used, promised) + max(left, 0) == promised  # a rolled date leaves days that were not promised


def test_every_action_writes_a_fact_the_store_knows() -> None:
    assert all(issubclass(FACTS[action.fact], CaseFact) for action in ACTIONS.values())
    assert len({action.fact for action in ACTIONS.values()}) == len(ACTIONS)
