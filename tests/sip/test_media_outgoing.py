"""Sequence numbers, timestamps and markers of what goes out (RFC 3550, RFC 3551)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recordings import g711
from sip.embedded.dtmf import DtmfSender
from sip.embedded.rtp import FRAME, PCMA, PCMU, SILENCE, Packet, later, parse
from sip.embedded.rtp_sender import RtpSender

AUDIO = SILENCE[PCMA]


def read(data: bytes | None) -> Packet:
    assert data is not None
    packet = parse(data)
    assert packet is not None
    return packet


def theirs(n: int, pt: int = PCMA, ssrc: int = 9, ts: int | None = None) -> Packet:
    """Packet ``n`` of a bridged stream, with numbers near their wrap."""
    return Packet(
        pt, False, (65530 + n) & 0xFFFF, (0xFFFFFF00 + (n * FRAME if ts is None else ts)) & 0xFFFFFFFF, ssrc, AUDIO
    )


def steps(packets: list[Packet]) -> list[tuple[int, int]]:
    """Sequence and timestamp steps from each packet to the next."""
    return [(later(b.seq, a.seq, 16), later(b.ts, a.ts, 32)) for a, b in pairwise(packets)]


def test_only_the_first_packet_is_marked_and_each_counts_one_on():
    out = RtpSender()
    packets = [read(out.audio(AUDIO)) for _ in range(70_000)]
    assert [p.marker for p in packets[:3]] == [True, False, False]
    assert set(steps(packets)) == {(1, FRAME)}
    assert len({p.ssrc for p in packets}) == 1


def test_after_a_pause_the_clock_has_gone_on_and_the_sequence_has_not():
    out = RtpSender()
    before = read(out.audio(AUDIO))
    out.pause(7)
    after = read(out.audio(AUDIO))
    assert steps([before, after]) == [(1, 8 * FRAME)]
    assert after.marker


def test_a_key_press_keeps_its_timestamp_and_the_audio_goes_on_in_time():
    out, keys = RtpSender(), DtmfSender()
    out.dtmf_pt = 101
    before = read(out.audio(AUDIO))
    keys.press("5", 100)
    events = []
    while keys.busy and (event := keys.next()) is not None:
        events.append(read(out.event(*event)))
    after = read(out.audio(AUDIO))
    assert [e.marker for e in events] == [True] + [False] * 6
    assert {e.pt for e in events} == {101}
    assert {later(e.ts, before.ts, 32) for e in events} == {FRAME}
    assert later(after.ts, before.ts, 32) == 8 * FRAME
    assert [seq for seq, _ in steps([before, *events, after])] == [1] * 8


def test_a_relayed_stream_goes_on_in_our_numbers():
    out = RtpSender()
    own = read(out.audio(AUDIO))
    relayed = [read(out.relayed(theirs(n))) for n in range(50)]
    assert set(steps([own, *relayed])) == {(1, FRAME)}
    assert {p.ssrc for p in relayed} == {own.ssrc}


def test_longer_packets_are_relayed_with_their_own_time():
    out = RtpSender()
    long = [theirs(n, ts=n * 480)._replace(payload=AUDIO * 3) for n in range(5)]  # 60 ms each
    assert set(steps([read(out.relayed(packet)) for packet in long])) == {(1, 480)}


def test_losses_and_reordering_of_the_other_side_stay_visible():
    out = RtpSender()
    order = [0, 1, 3, 2, 6]
    relayed = [read(out.relayed(theirs(n))) for n in order]
    assert [later(p.seq, relayed[0].seq, 16) for p in relayed] == order
    assert [later(p.ts, relayed[0].ts, 32) // FRAME for p in relayed] == order


def test_what_is_overtaken_by_our_own_silence_is_left_out():
    out = RtpSender()
    out.relayed(theirs(0))
    out.audio(AUDIO)
    first = read(out.relayed(theirs(2)))
    assert out.relayed(theirs(1)) is None
    assert read(out.relayed(theirs(3))).seq == (first.seq + 1) & 0xFFFF


def test_different_codecs_are_transcoded():
    out = RtpSender()
    out.codec = out.pt = PCMU
    packet = read(out.relayed(theirs(0)))
    assert packet.pt == PCMU
    assert packet.payload == g711.alaw_to_ulaw(AUDIO)


@given(
    st.lists(
        st.one_of(
            st.just("own"),
            st.just("pause"),
            st.tuples(st.integers(1, 3), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)),
        ),
        max_size=60,
    )
)
def test_whatever_is_bridged_our_numbers_never_run_wild(actions):
    """Any packets at all from the other side: what we add stays within a second of our own clock."""
    out = RtpSender()
    last = read(out.audio(AUDIO))
    for action in actions:
        if action == "own":
            data = out.audio(AUDIO)
        elif action == "pause":
            out.pause(1)
            continue
        else:
            ssrc, seq, ts = action
            data = out.relayed(Packet(PCMA, False, seq, ts, ssrc, AUDIO))
        if data is not None:
            packet = read(data)
            assert abs(later(packet.ts, last.ts, 32)) <= 8000 + FRAME * len(actions) + FRAME
            last = packet
