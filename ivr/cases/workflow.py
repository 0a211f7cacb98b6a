"""The life of a case: 受理 → 分类 → 转办 → 办理 → 答复 → 回访 → 归档, with 督办, 退回, 延期, 暂停 and 重开 (pure).

    outcome = apply(case, Do("assign", "王芳", "lead", now, {"handler": "李强"}), rules)
    outcome.facts, outcome.notices          # to be journaled; to be told

What may not be done is :class:`~ivr.cases.actions.ActionRefused`, with the reason in
Chinese and English. An action becomes one journal fact (two when the citizen says the matter is not solved).
"""

from __future__ import annotations

from dataclasses import replace

from ivr.cases.actions import (
    ACTIONS,
    LEADS,
    LINE_MAX,
    REASON_MIN,
    TEXT_MAX,
    Action,
    ActionRefused,
    Do,
    Effect,
    Outcome,
)
from ivr.cases.case import CaseRow
from ivr.cases.changes import changed
from ivr.cases.deadlines import CasePolicy
from ivr.cases.effects import CONDITIONS, EFFECTS
from ivr.cases.names import STATES
from ivr.facts.cases import CaseFact as AnAction
from ivr.ledger import Fact


def apply(case: CaseRow, do: Do, rules: CasePolicy) -> Outcome:
    """What doing this to the case means. Raises :class:`ActionRefused`."""
    action = ACTIONS.get(do.action)
    if action is None:
        known = ", ".join(ACTIONS)
        raise ActionRefused(f"没有“{do.action}”这种操作。", f"there is no action {do.action!r}; use one of {known}")
    check_role(action, do)
    check_state(action, case)
    check_fields(action, do)
    effect = EFFECTS[action.id](case, do, rules)
    facts = [_fact(do, effect)]
    notices = effect.notices
    if effect.then:  # what follows of itself, such as reopening what was not solved
        after = ACTIONS[effect.then]
        more = EFFECTS[after.id](changed(case, effect.said, do.at), do, rules)
        facts.append(_fact(do, more))
        notices += more.notices
    return Outcome(tuple(facts), notices, do.get("text"))


def possible(case: CaseRow, who: str, role: str, at: int, rules: CasePolicy, units: str = "") -> list[Action]:
    """The actions this person of these windows could begin now (fields aside), in the order of the work."""
    found, given = [], {"units": units}
    for action in ACTIONS.values():
        if role not in action.roles or case.status not in action.states:
            continue
        try:
            for condition in CONDITIONS.get(action.id, ()):
                condition(case, Do(action.id, who, role, at, given), rules)
        except ActionRefused:
            continue
        found.append(action)
    return found


def with_note(fact: Fact, note: str) -> Fact:
    """Return the fact of an action, with the id of what was written about it."""
    assert isinstance(fact.content, AnAction)
    return replace(fact, content=fact.content.noted(note))


def check_role(action: Action, do: Do) -> None:
    """Is this person's role one of those that may?"""
    if do.role not in action.roles:
        zh = "班长或督导" if action.roles == LEADS else "话务员、班长或督导"
        raise ActionRefused(f"“{action.zh}”须由{zh}进行。", f"only {', '.join(action.roles)} may {action.en}")


def check_state(action: Action, case: CaseRow) -> None:
    """Does the action lead from the case's state?"""
    if case.status not in action.states:
        zh, now = "、".join(STATES[state].zh for state in action.states), case.status
        raise ActionRefused(
            f"工单现在是“{STATES[now].zh if now in STATES else now}”，“{action.zh}”只能用于：{zh}。",
            f"the case is {now}; to {action.en} it must be {', '.join(action.states)}",
        )


def check_fields(action: Action, do: Do) -> None:
    """Is everything given that must be, and nothing malformed?"""
    for wanted in action.fields:
        value = do.get(wanted.name)
        if not value:
            if wanted.required:
                raise ActionRefused(
                    f"请填写“{wanted.zh}”。", f"{wanted.name} ({wanted.en}) is missing; please give it", wanted.name
                )
            continue
        if wanted.choices and value not in wanted.choices:
            raise ActionRefused(
                f"“{wanted.zh}”不能是“{value}”。", f"{wanted.name} is one of {', '.join(wanted.choices)}", wanted.name
            )
        limit = TEXT_MAX if wanted.kind == "text" else LINE_MAX
        if len(value) > limit:
            raise ActionRefused(
                f"“{wanted.zh}”最多 {limit} 个字。", f"{wanted.name} has at most {limit} characters", wanted.name
            )
        if wanted.kind == "reason" and len(value) < REASON_MIN:
            raise ActionRefused("请写明原因。", "please say why", wanted.name)


def _fact(do: Do, effect: Effect) -> Fact:
    return Fact(do.at, effect.said, do.get("reason"))
