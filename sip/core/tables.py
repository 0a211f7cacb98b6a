"""The four transactions of RFC 3261 §17 and RFC 6026 as tables (RFC 3262 added)."""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[tuple[str, str], tuple[str, str]]  # (state, event) -> (what is done, next state)

# The letters of RFC 3261 §17: "repeat" is timer A, E or G, "end" is B, D, F, H, I, J, K, L or M.
INVITE_SERVER: Table = {
    ("proceeding", "again"): ("resend", "proceeding"),
    ("proceeding", "1xx"): ("resend", "proceeding"),
    ("proceeding", "insist"): ("resend insist limit", "insisting"),  # RFC 3262: a provisional that must arrive
    ("proceeding", "2xx"): ("resend repeat limit", "accepted"),
    ("proceeding", "3xx"): ("resend repeat_unreliable limit", "completed"),
    ("insisting", "again"): ("resend", "insisting"),
    ("insisting", "repeat"): ("resend insist", "insisting"),
    ("insisting", "prack"): ("quiet unlimited", "proceeding"),
    ("insisting", "end"): ("quiet unheard", "proceeding"),
    ("insisting", "2xx"): ("quiet resend repeat limit", "accepted"),
    ("insisting", "3xx"): ("quiet resend repeat_unreliable limit", "completed"),
    ("accepted", "again"): ("resend", "accepted"),
    ("accepted", "repeat"): ("resend repeat", "accepted"),
    ("accepted", "ack"): ("quiet limit", "settled"),
    ("accepted", "end"): ("give_up", "over"),
    ("settled", "again"): ("resend", "settled"),
    ("settled", "end"): ("close", "over"),
    ("completed", "again"): ("resend", "completed"),
    ("completed", "repeat"): ("resend repeat", "completed"),
    ("completed", "ack"): ("quiet linger", "confirmed"),
    ("completed", "end"): ("close", "over"),
    ("confirmed", "end"): ("close", "over"),
}
SERVER: Table = {
    ("proceeding", "again"): ("resend", "proceeding"),
    ("proceeding", "1xx"): ("resend", "proceeding"),
    ("proceeding", "2xx"): ("resend keep", "completed"),
    ("proceeding", "3xx"): ("resend keep", "completed"),
    ("completed", "again"): ("resend", "completed"),
    ("completed", "end"): ("close", "over"),
}
INVITE_CLIENT: Table = {
    ("calling", "start"): ("send repeat_unreliable limit", "calling"),
    ("calling", "repeat"): ("send repeat", "calling"),
    ("calling", "1xx"): ("quiet unlimited tell", "proceeding"),  # timer C belongs to the call
    ("calling", "cancel"): ("limit", "cancelling"),
    ("proceeding", "1xx"): ("tell", "proceeding"),
    ("proceeding", "cancel"): ("limit cancel", "cancelled"),
    ("cancelling", "repeat"): ("send repeat", "cancelling"),
    ("cancelling", "1xx"): ("quiet cancel tell", "cancelled"),  # §9.1: only now is it allowed
    ("cancelled", "1xx"): ("tell", "cancelled"),
    **{
        (state, event): then
        for state in ("calling", "proceeding", "cancelling", "cancelled")
        for event, then in {
            "2xx": ("quiet limit tell", "accepted"),
            "3xx": ("quiet limit ack tell", "completed"),
            "end": ("give_up", "over"),
        }.items()
    },
    ("accepted", "2xx"): ("tell", "accepted"),  # repeated, or of another phone: each needs its ACK
    ("accepted", "3xx"): ("ack", "accepted"),
    ("accepted", "end"): ("close", "over"),
    ("completed", "2xx"): ("tell", "completed"),
    ("completed", "3xx"): ("ack", "completed"),
    ("completed", "end"): ("close", "over"),
}
CLIENT: Table = {
    ("calling", "start"): ("send repeat_unreliable limit", "calling"),
    ("calling", "repeat"): ("send repeat", "calling"),
    ("calling", "1xx"): ("slow tell", "proceeding"),
    ("proceeding", "repeat"): ("send slow", "proceeding"),
    ("proceeding", "1xx"): ("tell", "proceeding"),
    **{
        (state, event): then
        for state in ("calling", "proceeding")
        for event, then in {
            "2xx": ("quiet linger tell", "completed"),
            "3xx": ("quiet linger tell", "completed"),
            "end": ("give_up", "over"),
        }.items()
    },
    ("completed", "end"): ("close", "over"),
}
