"""Spellings of telephone numbers and what they are: one table, held by engines, store, search, forms, keys, `[numbers]`
and outgoing rules alike (a centre in Chongqing: area code 023)."""

from __future__ import annotations

from typing import NamedTuple

from ivr.numbers import Plan

CITY = Plan(area="023")
NOWHERE = Plan()  # no area code is set


class Spelling(NamedTuple):
    """``key`` "": no number. ``refused``: why it is not called back by the usual rules; "": it is."""

    written: str
    key: str
    dialable: str
    spoken: str
    refused: str
    plan: Plan = CITY


def _same(refused: str, key: str, spoken: str, *written: str) -> list[Spelling]:
    return [Spelling(one, key, key, spoken, refused) for one in written]


def _short(refused: str, key: str, spoken: str, *written: str) -> list[Spelling]:
    """Read, but not to be dialled."""
    return [Spelling(one, key, "", spoken, refused) for one in written]


def _none(refused: str, *written: str) -> list[Spelling]:
    return [Spelling(one, "", "", "", refused) for one in written]


SPELLINGS: list[Spelling] = [
    # mobiles
    *_same(
        "", "13800001111", "138 0000 1111",
        "13800001111", "8613800001111", "013800001111", "+8613800001111", "+86013800001111", "008613800001111",
        "+86 138-0000-1111", "+86 (0)138 0000 1111", "138 0000 1111", "138-0000-1111", "１３８００００１１１１",
        "＋８６　１３８－００００－１１１１", "138\u00a00000\u20111111", "13800 001 111", "138·0000·1111",
        " 13800001111\t",
    ),
    # fixed lines: of the own area, of others, with seven and eight digits
    *_same(
        "", "02387654321", "023 8765 4321",
        "87654321", "8765 4321", "02387654321", "023-87654321", "(023) 8765 4321", "（０２３）８７６５４３２１",
        "862387654321", "+862387654321", "+86 023 8765 4321", "2387654321", "0086 23 8765 4321",
    ),
    *_same("", "01065123456", "010 6512 3456", "010-65123456", "+86 10 6512 3456", "86 10 6512 3456", "1065123456"),
    *_same("", "037166112345", "0371 6611 2345", "0371-66112345", "86371 66112345", "37166112345"),
    *_same("", "04712345678", "0471 234 5678", "0471.2345678"),
    *_short("incomplete", "03716611234", "0371 661 1234", "0371-6611234"),  # Zhengzhou has eight digits
    *_short("incomplete", "8765432", "876 5432", "8765432"),  # so has Chongqing
    *_short("incomplete", "01012345678", "010 1234 5678", "010 12345678"),  # a subscriber begins with 2 to 8
    Spelling("87654321", "87654321", "", "8765 4321", "no_area_code", NOWHERE),
    Spelling("8765432", "8765432", "", "876 5432", "no_area_code", NOWHERE),
    # 400 and 800
    *_same("not_on_the_list", "4001234567", "400 123 4567", "4001234567", "400-123-4567", "+86 400 123 4567"),
    *_same("not_on_the_list", "8008101234", "800 810 1234", "800-810-1234"),
    # service numbers, with the own area code and with another's
    *_same("not_on_the_list", "12345", "12345", "12345", "02312345", "+8612345", "+86 23 12345", "023-12345"),
    *_same("not_on_the_list", "12345", "12345", "１２３４５"),
    *_same("not_on_the_list", "01012345", "010 12345", "01012345", "+86 10 12345"),
    Spelling("02312345", "02312345", "02312345", "023 12345", "not_on_the_list", NOWHERE),
    *_same("not_on_the_list", "95598", "95598", "95598", "+8695598", "023 95598"),
    *_same("not_on_the_list", "96123", "96123", "96123"),
    *_same("not_on_the_list", "968888", "968 888", "968888"),
    *_same("not_on_the_list", "10086", "10086", "10086"),
    *_same("not_on_the_list", "801", "801", "801"),  # of the exchange
    *_same("emergency", "110", "110", "110", "023110", "+86 110"),
    *_same("emergency", "010110", "010 110", "010-110"),
    # abroad
    *_same("abroad", "0012025550123", "+1 202 555 0123", "+1 202 555 0123", "0012025550123", "001-202-555-0123"),
    *_same("abroad", "0085291234567", "+852 9123 4567", "+85291234567", "+852 9123-4567"),
    *_same("abroad", "00493012345678", "+49 30 12345678", "+49 30 12345 678"),
    *_short("abroad", "00120255", "+120 255", "+1 20255"),
    # digits that are no number
    *_short("incomplete", "1380000111", "138 000 0111", "1380000111"),
    *_short("incomplete", "138000011112", "1380 0001 1112", "138000011112"),
    *_short("incomplete", "1234567", "123 4567", "1234567"),
    # withheld, junk
    *_none("no_number", "", "  "),
    *_none("not_a_number", "anonymous", "alice", "八六", "一三八零零零零一一一一", "١٣٨٠٠٠٠١١١١"),
    *_none("not_a_number", "*67110", "138p110", "0,110", "138\u202d00001111"),
    *_none("not_a_number", "13800001111;isub=1", "13800001111@evil.example", "13800001111\r\nX: 1"),
    *_none("not_a_number", "+", "-", "tel:13800001111", "1380000+1111"),
    *_none("incomplete", "+86", "0086", "1" * 21, "1" * 40),
    # two in one field, or more than the number
    *_none("two_numbers", "13800001111/13900002222", "13800001111 13900002222", "13800001111、02387654321"),
    *_none("two_numbers", "+8613800001111 +8613900002222", "13800001111\n13900002222", "110 119"),
    *_none("two_numbers", "8765 4321 8765 4322", "手机13800001111或电话87654321"),
    *_none("extension", "023-87654321-801", "87654321-801", "(023)8765 4321 转 801", "87654321转801", "400-123-4567-8"),
    *_none("extension", "13800001111#2", "13800001111 ext. 12", "87654321分机８０１"),
]  # fmt: skip
READ = [one for one in SPELLINGS if one.key]
OF_THE_CITY = [one for one in SPELLINGS if one.plan == CITY]


def name(spelling: Spelling) -> str:
    """What a test of this spelling is called."""
    return f"{spelling.written!a} {'' if spelling.plan == CITY else 'nowhere'}".strip()
