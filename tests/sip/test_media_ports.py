"""RTP ports: even, in turn, given back, and a clear word when there are none."""

import socket

import pytest

from sip.embedded.media import NoPorts
from sip.embedded.ports import Ports
from tests.sip.far_end import free_range
from tests.support.garbage import Cycles

pytestmark = pytest.mark.network


def take(ports: Ports) -> tuple[int, list[socket.socket]]:
    pair = ports.take()
    return pair[0].getsockname()[1], list(pair)


def close(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def test_rtp_gets_the_even_port_and_rtcp_the_odd_one_above():
    rtp, rtcp = Ports("127.0.0.1", free_range(3)).take()
    with rtp, rtcp:
        assert rtp.getsockname()[1] % 2 == 0
        assert rtcp.getsockname()[1] == rtp.getsockname()[1] + 1


def test_a_port_that_was_given_back_is_the_last_to_be_used_again():
    ports = Ports("127.0.0.1", free_range(4))
    seen = []
    for _ in range(8):
        port, sockets = take(ports)
        close(sockets)
        ports.release(port)
        seen.append(port)
    assert len(set(seen[:4])) == 4
    assert seen[4:] == seen[:4]
    assert ports.in_use == 0


def test_when_all_are_in_use_the_text_says_which_range_and_what_to_do():
    low, high = free_range(2)
    ports = Ports("127.0.0.1", (low, high))
    held = [take(ports)[1] for _ in range(2)]
    with pytest.raises(NoPorts, match=rf"all 2 RTP ports {low}-{high} on 127\.0\.0\.1 are in use; widen"):
        ports.take()
    assert ports.in_use == 2
    for sockets in held:
        close(sockets)


def test_a_port_another_program_holds_is_stepped_over():
    low, high = free_range(3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", low + 3))  # an RTCP port: its pair cannot be used
        ports = Ports("127.0.0.1", (low, high))
        got = [take(ports) for _ in range(2)]
        assert {port for port, _ in got} == {low, low + 4}
        with pytest.raises(NoPorts):
            ports.take()
        for _, sockets in got:
            close(sockets)


def test_an_address_that_is_not_ours_is_named():
    with pytest.raises(NoPorts, match=r"192\.0\.2\.1 can be bound: .* check the address"):
        Ports("192.0.2.1", (20000, 20009)).take()


@pytest.mark.parametrize("wrong", [(20000, 20000), (20001, 20002), (30000, 20000), (80, 200), (60000, 70000)])
def test_a_range_without_room_for_a_pair_is_refused(wrong):
    with pytest.raises(ValueError, match="two ports per call"):
        Ports("127.0.0.1", wrong)


def test_a_port_of_another_program_is_passed_over_and_leaves_no_reference_cycle() -> None:
    """An error kept in its own frame would hold the whole call until no call is up."""
    free = free_range(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", free[0]))
        ports = Ports("127.0.0.1", free)
        with Cycles(of=("builtins",)) as cycles:
            for _ in range(4):
                port, sockets = take(ports)
                assert port != free[0]
                close(sockets)
                ports.release(port)
        assert not cycles.found["builtins.OSError"]
