"""Words for the codes the store keeps: outcomes, kinds, states, reasons. Unknown codes are shown as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from ivr.cases import kinds
from ivr.cases.names import STATES
from ivr.desk import states
from web.names import Names

OUTCOMES = {
    "live": _l("进行中"),
    "answered": _l("人工已接听"),
    "abandoned": _l("等候中放弃"),
    "callback": _l("已留言或约定回电"),
    "unanswered": _l("未接通"),
    "failed": _l("系统失败"),
    "self": _l("自助完成"),
    "hung_up": _l("未找人工即挂机"),
    "fax": _l("传真机来电"),
}

KINDS, STATUSES = Names(kinds.KINDS), Names(STATES)
SEAT_STATES, PAUSES = Names(states.STATES), Names(states.REASONS)

REASONS = {
    "busy": _l("占线"),
    "no_answer": _l("无人接听"),
    "declined": _l("话机拒接"),
    "unreachable": _l("话机未登记"),
    "cancelled": _l("已由他人接听或来电人已挂机"),
    "refused": _l("被拒绝"),
    "error": _l("线路故障"),
    "answered": _l("已接听"),
}

CAUSES = {
    "grace_timeout": _l("结束语后静候来电人挂机，时限已到"),
    "consent": _l("已征得来电人同意"),
    "abuse_policy": _l("按骚扰电话规定结束"),
    "failure": _l("系统故障"),
    "caller_left": _l("来电人挂机"),
    "interrupted": _l("系统重启时中断"),
    "fax": _l("对方是传真机"),
}

TRUNK = {  # what the calls process says of the line to the provider
    "registered": _l("已登记"),
    "reachable": _l("对方有应答"),
    "unregistered": _l("未登记"),
    "rejected": _l("登记被拒绝"),
    "not known": _l("尚不清楚"),
}
TURNED_AWAY = {  # why a call got 503 (``ivr.telephony.TURNED_AWAY``)
    "CallLimit": _l("线路占满"),
    "LoopLate": _l("系统处理不及"),
    "LedgerLate": _l("记录写入不及"),
    "Ending": _l("系统正在停止"),
}
ASIDE = {  # what could not be read (``store/aside.py``)
    "live_call": _l("一个进行中来电的状态"),
    "spool": _l("一条暂存的记录"),
    "notice": _l("一条待发的通知"),
    "fact": _l("日志中一条本版本不能读的记录"),
}
NOT_CALLED = {  # why a call-back was not placed (``ivr/outgoing``)
    "no_trunk": _l("没有外线"),
    "no_seat": _l("账号没有座席话机"),
    "done": _l("已处理完毕"),
    "no_number": _l("没有号码"),
    "result_first": _l("上一次通话的结果未记录"),
    "number_live": _l("正在拨打这个号码"),
    "seat_live": _l("话机正在外呼"),
    "tries": _l("已达最多拨打次数"),
    "too_early": _l("未到再拨时间"),
    "hours": _l("不在回拨时段"),
    "rate": _l("外呼过于频繁"),
    "rate_number": _l("当天拨打该号码的次数已达上限"),
    "emergency": _l("紧急号码"),
    "abroad": _l("国际号码"),
    "not_running": _l("接听程序没有运行"),
}
RELEASED_BY = {"caller": _l("来电人"), "us": _l("我方"), "failure": _l("线路中断")}

WHYS = {
    "too late": _l("接听时已停止呼叫"),
    "caller left": _l("来电人已挂机"),
    "fax": _l("对方是传真机"),
    "no answer within the limit": _l("规定时限内未接听"),
    "answered elsewhere": _l("已由另一座席接听"),
    "call ended": _l("通话已结束"),
    "process ended": _l("接听进程中断"),
    "no seats": _l("没有座席"),
    "all tried": _l("都已呼叫过"),
    "in a call": _l("通话中"),
    "not reachable": _l("话机未登记"),
    "no hotline was connected": _l("热线程序没有连接"),
}

# What a caller is in: first the steps of no flow file, what the machine does around it (ivr/call).
STEPS = {
    "@arriving": _l("刚打进来"),
    "@category": _l("询问投诉类别"),
    "@caller": _l("确认来电号码"),
    "@farewell": _l("结束语"),
    # Names all shipped flows use.
    "greet": _l("问候语"),
    "main": _l("主菜单"),
    "main_en": _l("英文主菜单"),
    "english": _l("英文服务"),
    "person": _l("人工服务"),
    "progress": _l("查询进度"),
    "complaint": _l("投诉"),
    "report": _l("举报"),
    "repair": _l("报修"),
    "business": _l("业务办理"),
    "leave_word": _l("留言"),
    "after_hours": _l("非工作时间"),
    "door": _l("入口"),
    "rate": _l("满意度评价"),
    "bye": _l("结束语"),
}

TIMERS = {
    "silence": _l("没有按键"),
    "a_alone": _l("A 座席单独振铃的时间已到，B 座席一同振铃"),
}

LEVELS = {"window": _l("本窗口"), "group": _l("本组"), "general": _l("综合窗口"), "queue": _l("排队")}

CHANNELS = {"phone": _l("电话"), "letter": _l("信函"), "visit": _l("来访"), "web": _l("网络")}

ENDS = {
    "silence": _l("说话后静音"),
    "max": _l("到最长时间"),
    "stopped": _l("按键结束"),
    "gone": _l("来电人挂机"),
    "failed": _l("录音失败"),
}

# S3 之六 三.2, shortened for a table; the verbatim list is in ivr/cases/kinds.py
CATEGORIES = {
    "integrity": _l("吃拿卡要、乱收费"),
    "not_told_once": _l("没有一次讲清，多跑空跑"),
    "attitude": _l("接待不文明"),
    "passed_around": _l("推诿、擅自离岗"),
    "lost_documents": _l("遗失资料"),
    "unlawful_or_late": _l("不依法办事或超期"),
    "other": _l("其他"),
}
# Of a repair: where it is (``onsite_min`` of the profile; A5.2 no. 11).
AREAS = {"city": _l("城区"), "rural": _l("农村地区"), "remote": _l("特殊边远地区")}
NATURES = CATEGORIES | AREAS

OUTAGE_KINDS = {"planned": _l("计划检修"), "temporary": _l("临时检修"), "emergency": _l("紧急停限电")}
OUTAGE_STATES = {"ahead": _l("未开始"), "now": _l("停电中"), "over": _l("已结束"), "withdrawn": _l("已撤回")}
OUTAGE_HOWS = {"phone": _l("电话"), "sms": _l("短信"), "visit": _l("上门")}
OUTAGE_RESULTS = {"told": _l("已通知"), "no_answer": _l("无人接听"), "failed": _l("未送达")}
OUTAGE_STEPS = {
    "outage_announced": _l("发布公告"),
    "outage_customer_named": _l("列入重要客户"),
    "outage_customer_told": _l("通知重要客户"),
    "outage_restored": _l("恢复供电"),
    "outage_withdrawn": _l("撤回公告"),
}

ACTIONS = {
    "log.in": _l("登录"),
    "log.failed": _l("登录失败"),
    "log.out": _l("退出"),
    "prune": _l("按保存期限删除"),
    "password.change": _l("修改密码"),
    "number.show": _l("查看完整号码"),
    "number.search": _l("按号码查找"),
    "recording.listen": _l("收听录音"),
    "export": _l("导出"),
    "user.add": _l("新建账号"),
    "user.change": _l("修改账号"),
    "user.close": _l("停用账号"),
    "user.open": _l("启用账号"),
    "user.password": _l("重设密码"),
    "user.logout": _l("让某人退出登录"),
    "log.end": _l("结束其他登录"),
    "code.failed": _l("验证码错误"),
    "factor.on": _l("启用两步验证"),
    "factor.off": _l("关闭两步验证"),
    "factor.codes": _l("换发恢复码"),
    "user.factor": _l("重设某人的两步验证"),
    "denied": _l("无权操作，已拒绝"),
    "token.add": _l("新建令牌"),
    "token.revoke": _l("撤销令牌"),
    "case.new": _l("登记来信来访"),
    "case.texts": _l("查看工单文字"),
    "case.append": _l("同一事项补充"),
    "callback.attempt": _l("记录回电"),
    "calendar.add": _l("添加工作日历"),
    "calendar.withdraw": _l("撤回工作日历"),
    "callback.call": _l("一键回拨"),
    "seat.state": _l("改变座席状态"),
    "seat.act": _l("操作座席的通话"),
    "callback.refused": _l("不允许的回拨"),
    "outage.add": _l("发布停电公告"),
    "outage.name": _l("列入重要客户"),
    "outage.tell": _l("通知重要客户"),
    "outage.restore": _l("登记恢复供电"),
    "outage.withdraw": _l("撤回停电公告"),
    "custodian.confirm": _l("确认身份保管员"),
    "identity.seal": _l("密封举报人身份"),
    "identity.ask": _l("申请开启密封身份"),
    "identity.open": _l("开启密封身份"),
    "identity.decline": _l("不予开启密封身份"),
    "queue.prefer": _l("提前排队次序"),
}


def label(names: Mapping[str, Any], code: str | None) -> Any:
    """The word for a code, or the code itself."""
    return names.get(code or "", code or "")
