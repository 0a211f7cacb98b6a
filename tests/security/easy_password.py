"""Somebody tries the passwords that come to mind first at a hotline of this kind; each was taken by its account before.

What was asked before: ten characters, four of them different, and not the account's own name.
"""

from __future__ import annotations

import sys

from ivr.passwords import fault

TRIED = (
    "password123!", "1q2w3e4r5t6y", "qwertyuiop12", "woaini1314520", "gongdian95598", "Power@95598", "95598-95598",
    "12345-admin12345", "zhangwei1988", "wangfang0808", "shifangongdian1", "sfgdfwzx2026", "li.na.li.na.1",
    "Aa123456!!", "hotline2026!", "rexian12345", "国家电网95598一二",
)  # fmt: skip
ABOUT = ("li.na", "李娜", "示范供电服务中心", "Model Power Service Centre")
GOOD = ("correct-horse-battery", "梧桐树下三只猫咪睡觉", "xK9#mQ2$vL", "a9f3-77b1-c0de-5e12")


def before(password: str) -> bool:
    """Was it taken by the version before?"""
    return len(password) >= 10 and len(set(password)) >= 4 and password.lower() != "li.na"


def main() -> int:
    """0: the attack fails, and good passwords are taken."""
    taken = [password for password in TRIED if not fault(password, ABOUT)]
    refused = [password for password in GOOD if fault(password, ABOUT)]
    print(
        f"taken before: {sum(map(before, TRIED))} of {len(TRIED)}; now: {taken or 'none'}; good ones refused: {refused}"
    )
    return 0 if all(map(before, TRIED)) and not taken and not refused else 1


if __name__ == "__main__":
    sys.exit(main())
