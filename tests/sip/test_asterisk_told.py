"""What AMI tells, read without believing it; refusals are gathered so that an attack does not flood the journal."""

from __future__ import annotations

import pytest

from ivr.telephony import AccessDenied, LineQuality
from sip.asterisk import ami_events
from sip.refusals import KINDS_MAX, Gathered, network_of

QOS = "ssrc=1;themssrc=2;lp=12;rxjitter=0.004;rxcount=488;txjitter=0.00025;txcount=500;rlp=3;rtt=0.031;txmes=88.1"


def test_a_line_s_figures_are_read_with_asterisk_s_crossed_names_set_right() -> None:
    told_ = ami_events.quality({"Uniqueid": "17.1", "Value": QOS}, 9)
    assert told_ == LineQuality("17.1", 9, 488, 12, 250, 500, 3, 4000, 31000)


def test_a_far_end_that_never_reported_is_not_said_to_be_without_loss() -> None:
    silent = QOS.replace("0.004", "0.0").replace("rlp=3", "rlp=0").replace("0.031", "0.0")
    found = ami_events.quality({"Uniqueid": "17.1", "Value": silent}, 9)
    assert found is not None and (found.lost, found.far_lost, found.rtt_us) == (12, -1, -1)


@pytest.mark.parametrize("value", ["", "lp=1", QOS.replace("488", "many"), QOS.replace("0.004", "nan"), "\r\n" * 99])
def test_figures_that_are_none_are_left_out(value: str) -> None:
    assert ami_events.quality({"Uniqueid": "17.1", "Value": value}, 9) is None


def test_nothing_an_attacker_sends_gets_into_the_journal() -> None:
    event = {
        "Event": "InvalidAccountID",
        "Service": "PJSIP\r\nAction: Originate",
        "AccountID": "101\r\nAction: Command\r\nCommand: core stop now",
        "RemoteAddress": "IPV4/UDP/198.51.100.7/5060\r\nX: y",
    }
    found = ami_events.refused(event, 5, {"101"})
    assert found == AccessDenied(5, "InvalidAccountID", "other", "", "198.51.100.0/24")
    assert ami_events.refused({**event, "Event": "Originate"}, 5, {"101"}) is None
    assert ami_events.text("a\r\nb\x00c\u2028d") == "abcd"
    assert ami_events.registration({"Status": "Registered\r\nX"}) in ("registeredx", "unknown")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("IPV4/UDP/198.51.100.7/5060", "198.51.100.0/24"),
        ("IPV6/UDP/2001:db8:1:2::7/5060", "2001:db8:1::/48"),
        ("IPV4/UDP/whoever/1", ""),
        ("", ""),
    ],
)
def test_of_an_address_only_the_network_is_kept(address: str, network: str) -> None:
    assert network_of(ami_events.host_of(address)) == network


def test_the_first_refusal_is_told_at_once_and_a_thousand_more_once_a_minute() -> None:
    heard: list[AccessDenied] = []
    gathered = Gathered(heard.append)
    for ms in range(1000):
        gathered.add(AccessDenied(ms, "InvalidPassword", "PJSIP", "101", "198.51.100.0/24"))
    assert [(one.at, one.count) for one in heard] == [(0, 1)]
    gathered.flush(60_000)
    assert [(one.at, one.count) for one in heard] == [(0, 1), (60_000, 999)]
    gathered.flush(180_000)
    assert len(heard) == 2


def test_an_attack_from_everywhere_takes_no_more_than_its_share() -> None:
    heard: list[AccessDenied] = []
    gathered = Gathered(heard.append)
    for n in range(5000):
        gathered.add(AccessDenied(1, "InvalidAccountID", "PJSIP", "", f"10.{n // 256}.{n % 256}.0/24"))
    gathered.flush(60_001)
    assert len(heard) <= KINDS_MAX + 2
    assert sum(one.count for one in heard) == 5000
