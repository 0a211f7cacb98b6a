"""Symmetric RTP: packets go where they come from, and nobody steals a call."""

from sip.embedded.source import Source

SIGNALLED, REAL, STRANGER = ("10.0.0.5", 4000), ("203.0.113.9", 61000), ("198.51.100.66", 4000)


def source() -> Source:
    one = Source()
    one.signal(SIGNALLED)
    return one


def test_before_signalling_nobody_is_listened_to():
    assert not Source().accept(REAL, True, 1.0)


def test_audio_goes_to_the_signalled_address_until_packets_come_from_elsewhere():
    one = source()
    assert one.address == SIGNALLED
    assert one.accept(REAL, True, 1.0)
    assert one.address == REAL


def test_a_packet_of_a_type_nobody_agreed_on_moves_nothing():
    one = source()
    assert not one.accept(REAL, False, 1.0)
    assert one.address == SIGNALLED


def test_a_stranger_does_not_steal_a_stream_that_is_alive():
    one = source()
    for n in range(500):
        assert one.accept(REAL, True, n * 0.02)
        assert not one.accept(STRANGER, True, n * 0.02 + 0.01)
    assert one.address == REAL


def test_a_source_that_moved_is_followed_once_the_old_one_is_silent():
    one = source()
    one.accept(REAL, True, 1.0)
    assert not one.accept(STRANGER, True, 2.9)
    assert one.accept(STRANGER, True, 3.1)
    assert one.address == STRANGER


def test_the_signalled_address_always_wins():
    one = source()
    one.accept(STRANGER, True, 1.0)
    assert one.accept(SIGNALLED, True, 1.01)
    assert not one.accept(STRANGER, True, 1.02)
    assert one.address == SIGNALLED


def test_signalling_the_same_address_again_keeps_what_was_learnt():
    one = source()
    one.accept(REAL, True, 1.0)
    one.signal(SIGNALLED)
    assert one.address == REAL


def test_a_new_signalled_address_is_used_at_once():
    one = source()
    one.accept(REAL, True, 1.0)
    one.signal(("10.0.0.6", 5000))
    assert one.address == ("10.0.0.6", 5000)
    assert one.accept(STRANGER, True, 1.1)  # behind a NAT again: its first packet is followed
