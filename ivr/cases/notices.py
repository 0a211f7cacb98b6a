"""Names of notices in Chinese and English, and the words of an e-mail (pure; no personal data)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.cases.dates import due_words
from ivr.cases.kinds import KINDS

NAMES: dict[str, tuple[str, str]] = {
    "duty_taken": ("值班电话已接单", "taken by a duty phone"),
    "duty_nobody": ("值班电话无人接单，请立即处理", "no duty phone took it, please act at once"),
    "half": ("期限已过半", "half of the time is gone"),
    "near": ("期限已过八成", "four fifths of the time are gone"),
    "due": ("期限已到", "due now"),
    "late": ("已超期，请督促办理", "overdue, please see to it"),
    "supervised": ("督办", "supervision notice"),
    "supervision_late": ("督办期限已到", "the supervision's deadline has come"),
    "supervision_answered": ("督办已反馈", "the supervision was answered"),
    "assigned": ("转办给您", "assigned to you"),
    "returned": ("已退回", "sent back"),
    "reopened": ("已重开：来电人认为未解决", "reopened: the citizen calls it unsolved"),
    "extension_asked": ("申请延期，请审批", "an extension is asked for"),
    "extended": ("延期已批准", "the extension was approved"),
    "extension_refused": ("延期未获批准", "the extension was refused"),
    "recomputed": ("期限已重算", "the due date was recomputed"),
    "major": ("重大事项", "major matter"),
    "hot": ("热点问题", "hot topic"),
    "judged": ("已认定，您可以申辩", "judged; you may answer"),
    "pleaded": ("当事人已申辩", "the person concerned has answered"),
    "appended": ("同一事项又有来信来访", "the same matter came in again"),
    "identity_asked": ("申请开启密封身份", "a sealed identity is asked for"),
    "identity_opened": ("密封身份已开启", "the sealed identity was opened"),
    "identity_declined": ("密封身份未予开启", "the sealed identity stays sealed"),
    "bad_rating": ("评价不满意", "bad rating"),
    "unreachable": ("多次回电未接通", "not reached in several calls"),
    "wrong_number": ("回电号码有误", "the number is wrong"),
    "account_new": ("新建了督导或身份保管员账号", "a supervisor's or custodian's account was made"),
    "account_raised": ("账号被改为或恢复为督导或身份保管员", "an account became a supervisor's or custodian's"),
    "account_reset": ("督导或身份保管员的密码被重设", "a supervisor's or custodian's password was reset"),
    "owner_closed": (
        "停用的账号名下还有未办结的工单，请转办",
        "a closed account still owns open cases; hand them over",
    ),
    "tokens_end": (
        "没有期限的接口令牌将在 90 天后到期，请换发",
        "API tokens without an end now end in 90 days; replace them",
    ),
    "account_factor": ("督导或身份保管员的两步验证被重设", "a supervisor's or custodian's second factor was reset"),
    "custodian_confirmed": ("身份保管员已由督导确认", "a custodian was confirmed by a supervisor"),
    "prune_ahead": (
        "将按保存期限首次删除，请先核对",
        "the retention rules are about to delete for the first time",
    ),
    "handed_around": ("来电被转交两次以上（踢皮球）", "a caller was handed over more than once"),
    "long_pause": ("离岗时间过长，未说明去向", "a long pause, and nobody knows where to"),
    "long_queue": ("排队人数过多，请增开座席", "too many callers wait; open more seats"),
    "shift_not_ready": ("班前自检：有座席未就绪", "self test before the shift: seats are not ready"),
    "no_calendar": ("缺少年度工作日历，请在面板中添加", "a year's working days are missing; add them in the panel"),
}


def names() -> Mapping[str, tuple[str, str]]:
    """Return what every notice is called, first those of new cases: ``new_`` and the kind (zh, en)."""
    return {f"new_{kind.id}": kind.at_once for kind in KINDS.values() if kind.at_once} | NAMES


def name(kind: str, lang: str = "zh-CN") -> str:
    """What a notice is called."""
    zh, en = names().get(kind, (kind, kind))
    return en if lang.startswith("en") else zh


def subject(data: Mapping[str, Any], unit: str) -> str:
    """The subject of the e-mail."""
    return f"[{unit}] {data['number'] or '-'} {name(data['notice'])} {name(data['notice'], 'en')}"


def body(data: Mapping[str, Any], panel: str = "") -> str:
    """The e-mail's text, Chinese first. ``panel``: the address of the panel."""
    due = due_words(str(data.get("due", "")))
    zh = f"工单 {data['number']}：{name(data['notice'])}。" + (f"\n期限：{due}" if due else "")
    en = f"Case {data['number']}: {name(data['notice'], 'en')}." + (f"\nDue: {due}" if due else "")
    return "\n\n".join(part for part in (zh, en, panel) if part) + "\n"
