"""Files of a dedicated Asterisk that are the same everywhere: its tones, what it logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

INDICATIONS = """\
; Tones of the Chinese network.
[general]
country = cn

[cn]
description = China
ringcadence = 1000,4000
dial = 450
busy = 450/350,0/350
ring = 450/1000,0/4000
congestion = 450/700,0/700
callwaiting = 450/400,0/4000
dialrecall = 450
record = 950/400,0/10000
info = 450/100,0/100,450/100,0/100,450/100,0/100,450/400,0/400
stutter = 450
"""

LOGGER = """\
[general]
dateformat = %F %T.%3q

[logfiles]
console = notice,warning,error
messages.log = notice,warning,error
; Refused registrations and calls, for fail2ban and the like.
security.log = security
"""

ENCRYPTION: Mapping[str, Sequence[tuple[str, object]]] = {
    "none": (),
    "srtp": (("media_encryption", "sdes"),),
    # yes: DTLS-SRTP, ICE, AVPF, RTCP beside RTP, as browsers want it; its certificate is made anew at each start
    "webrtc": (("webrtc", "yes"), ("dtls_auto_generate_cert", "yes")),
}

# Of calls to citizens: the caller ID we show goes beside the account (and no operator's number later), and a 183
# without a session description is nothing that could be heard.
OUTGOING: tuple[tuple[str, object], ...] = (
    ("send_pai", "yes"),
    ("send_connected_line", "no"),
    ("ignore_183_without_sdp", "yes"),
)
