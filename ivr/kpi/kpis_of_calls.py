"""The figures of calls, a record each; the letters are those of :mod:`ivr.kpi.calls`."""

from __future__ import annotations

from ivr.cases.names import Term
from ivr.kpi.calls import (
    APOLOGY,
    CUT,
    HANDED,
    LEAD,
    NETWORK,
    TALK,
    TALKED,
    TEST,
    WAIT,
    A,
    O,
    OfCalls,
    X,
    in_limit,
    late,
    quick,
    short,
)
from ivr.kpi.kpi import Kpi

OF_CALLS: tuple[Kpi, ...] = (
    Kpi("K1", Term("A / O", "A / O"), OfCalls("人工接通率", "answer rate", O, A, "A / O")),
    Kpi(
        "K1n",
        Term("A / (O − S)", "A / (O − S)"),
        OfCalls(
            "人工接通率(不计短时放弃)",
            "answer rate, short abandons out",
            lambda p: O & ~short(p),
            A,
            "A / (O − S), S: abandoned before {short} s",
            left_out={"short_abandons": short},
        ),
    ),
    Kpi(
        "K1g",
        Term("任意 24 小时内 A / O 的最低值", "the lowest A / O of any 24 hours"),
        OfCalls(
            "连续24小时接通率(最低)",
            "lowest answer rate of any 24 hours",
            O,
            A,
            "A / O of the 24 h with the lowest rate; they end with a full hour of the period and may begin before it",
            common={},
            worst_day=True,
        ),
        remark=Term("24 小时可从所选时段之前开始。", "The 24 hours may begin before the period."),
    ),
    Kpi(
        "K2a",
        Term("#(A, w ≤ N) / O", "#(A, w ≤ N) / O"),
        OfCalls("{n}秒接通率", "answered within {n} s", O, quick, "#(A, w ≤ N) / O", levels=True),
    ),
    Kpi(
        "K2b",
        Term("#(A, w ≤ N) / (O − S)", "#(A, w ≤ N) / (O − S)"),
        OfCalls(
            "{n}秒接通率(不计短时放弃)",
            "answered within {n} s, short abandons out",
            lambda p: O & ~short(p),
            quick,
            "#(A, w ≤ N) / (O − S)",
            left_out={"short_abandons": short},
            levels=True,
        ),
    ),
    Kpi(
        "K2c",
        Term("#(A, w ≤ N) / A", "#(A, w ≤ N) / A"),
        OfCalls(
            "{n}秒应答及时率",
            "of the answered, within {n} s",
            A,
            quick,
            "#(A, w ≤ N) / A; flatters: never publish it alone",
            levels=True,
        ),
        remark=Term(
            "分母只含已接听的来电，数值偏高，不可单独公布。",
            "Counts answered calls only, so it flatters; never publish it alone.",
        ),
    ),
    Kpi(
        "K2d",
        Term("(#(A, w ≤ N) + #(X, w ≤ N)) / O", "(#(A, w ≤ N) + #(X, w ≤ N)) / O"),
        OfCalls(
            "{n}秒接通率(乐观)",
            "answered or gone within {n} s",
            O,
            lambda p: (A | X) & (WAIT <= p.level),
            "(#(A, w ≤ N) + #(X, w ≤ N)) / O; optimistic",
            levels=True,
        ),
        remark=Term(
            "把很快挂机的来电也算达标，是乐观口径。",
            "Counts callers who left quickly as served; an optimistic view.",
        ),
    ),
    Kpi(
        "K3",
        Term("Σw(A) / A", "Σw(A) / A"),
        OfCalls("平均应答速度", "average speed of answer", A, note="Σw(A) / A", measure=WAIT),
    ),
    Kpi(
        "K3-median",
        Term("A 中各 w 的中位数", "median of w over A"),
        OfCalls("应答等待中位数", "median wait of the answered", A, note="of A", measure=WAIT, how="median"),
    ),
    Kpi(
        "K3-p90",
        Term("A 中各 w 的第 90 百分位", "90th percentile of w over A"),
        OfCalls("应答等待90分位", "90th percentile wait of the answered", A, note="of A", measure=WAIT, how="p90"),
    ),
    Kpi(
        "K3-max",
        Term("A 中最大的 w", "largest w of A"),
        OfCalls("最长应答等待", "longest wait of the answered", A, note="of A", measure=WAIT, how="longest"),
    ),
    Kpi("K4", Term("X / O", "X / O"), OfCalls("放弃率", "abandon rate", O, X, "X / O")),
    Kpi(
        "K4n",
        Term("(X − S) / O", "(X − S) / O"),
        OfCalls(
            "净放弃率",
            "abandon rate, net of short ones",
            O,
            lambda p: X & ~short(p),
            "(X − S) / O",
            left_out={"short_abandons": short},
        ),
    ),
    Kpi(
        "K4-time",
        Term("Σw(X) / X", "Σw(X) / X"),
        OfCalls("平均放弃时间", "mean time to abandon", X, note="Σw(X) / X", measure=WAIT),
    ),
    Kpi(
        "K5",
        Term("#(A, 在规定时限内) / A", "#(A, within the limit) / A"),
        OfCalls("铃响达标率", "answered within {limit} s", A, in_limit, "answered within {limit} s by {clock} / A"),
        remark=Term("时限和计时起点由规则（profile）规定。", "The profile sets the limit and where the clock starts."),
    ),
    Kpi(
        "K5-offered",
        Term("#(A, 在规定时限内) / O", "#(A, within the limit) / O"),
        OfCalls(
            "铃响达标率(按呼入)",
            "answered within {limit} s, of offered",
            O,
            in_limit,
            "answered within {limit} s by {clock} / O",
        ),
        remark=Term("时限和计时起点由规则（profile）规定。", "The profile sets the limit and where the clock starts."),
    ),
    Kpi(
        "K6",
        Term("先致歉 / 迟接来电", "apologised / late calls"),
        OfCalls(
            "迟接致歉率",
            "late calls with an apology first",
            late,
            lambda p: late(p) & APOLOGY,
            "apologised / answered after {apology} s or more (S4-29)",
            left_out={"test_calls": lambda p: TEST & (NETWORK >= p.apology)},
            common={},
        ),
    ),
    Kpi(
        "K7-talk",
        Term("Σ(接听 → 结束) / A", "Σ(answered → left) / A"),
        OfCalls(
            "平均通话时长",
            "mean talk time",
            TALKED,
            note="Σ(operator answered → left) / A; holds are in it, after-call work is not",
            measure=TALK,
            left_out={"talking_now": A & ~TALK.known},
        ),
        remark=Term("含保持，不含话后整理。", "Holds are in it, after-call work is not."),
    ),
    Kpi(
        "K21",
        Term("我方先挂机 / A", "ended by us / A"),
        OfCalls(
            "我方先挂机率",
            "ended by us without grace or consent",
            A,
            A & CUT,
            "released by us, neither after the grace time nor with consent / A; target 0 (S4-33)",
        ),
        remark=Term("静候时限已到或征得同意的不算。", "Ends after the grace time or with consent do not count."),
    ),
    Kpi(
        "K22",
        Term("Σ(到达 → 请求人工) / O", "Σ(arrival → request) / O"),
        OfCalls("转人工用时", "time until a person is asked for", O, note="Σ(arrival → request) / O", measure=LEAD),
    ),
    Kpi(
        "K23",
        Term("转接 2 次及以上 / A", "handed over more than once / A"),
        OfCalls(
            "多次转接率",
            "handed over more than once",
            A,
            A & (HANDED >= 2),
            "handed over twice or more / A; target 0 (FST-1)",
        ),
        remark=Term("咨询后转回的不算。", "Consultations that came back do not count."),
    ),
)
