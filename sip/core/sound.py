"""The side of an audio stream that signalling needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from sip.core.crypto import Secret


class LegAudio(Protocol):
    """What a leg needs of its audio stream; the stream itself is none of the core's business."""

    port: int  # of ours, for the SDP
    on_broken: Callable[[Exception], None] | None

    def set_remote(
        self,
        host: str,
        port: int,
        payload_type: int,
        dtmf_pt: int | None,
        send: bool = True,
        receive: bool = True,
        *,
        codec: int | None = None,
        secret: Secret | None = None,
        via: str = "",
        confirmed: bool = True,
    ) -> None: ...
    def confirm(self) -> None: ...
    def pressed(self, key: str, way: Literal["info"], /) -> None: ...
    def close(self) -> None: ...
