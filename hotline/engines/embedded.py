"""The embedded engine: SIP and sound in the calls process itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hotline.config.engines import EMBEDDED
from hotline.config.settings import Settings
from hotline.config.values import Address
from hotline.engines.plugin import EnginePlugin
from hotline.finding import Finding
from hotline.ports import is_free, sip_answers
from hotline.process import priority
from hotline.process.engines import embedded_config, sound_host
from ivr.telephony import Engine
from sip.admission import Lags

PROBED_PAIRS = 20


class Embedded(EnginePlugin):
    """Nothing runs beside it."""

    settings = EMBEDDED

    def build(self, settings: Settings, on_fatal: Callable[[str], None], lags: Callable[[], Lags]) -> Engine:
        from sip.embedded.engine import EmbeddedEngine  # its libraries are loaded only when it is used
        from sip.embedded.media import Media

        config = embedded_config(settings)
        return EmbeddedEngine(config, Media(sound_host(config), config.rtp_range), lags)

    def started(self) -> None:
        """The sound is ours to send, and the ledger's and the voices' threads are there."""
        priority.sound_first()  # not while it starts: that is seconds of work, and others may be sending sound
        priority.in_real_time()

    def ready(self, settings: Settings, where: Address) -> bool:
        return sip_answers(where)

    def examine(self, settings: Settings) -> Iterator[Finding]:
        """Some RTP ports are free, and there are enough."""
        wanted = settings.rtp.ports
        step = max(2, (wanted.last - wanted.first) // PROBED_PAIRS // 2 * 2)
        tried = range(wanted.first + wanted.first % 2, wanted.last, step)
        free = sum(is_free(Address(settings.sip.listen.host, port), udp=True) for port in tried)
        calls = (wanted.last - wanted.first + 1) // 4
        if free == 0:
            todo = "choose others with --rtp FROM-TO"
            yield Finding("sound", "FAIL", f"all RTP ports tried in {wanted} are taken", todo)
        elif calls < settings.sip.max_calls:
            what = f"RTP ports {wanted} are enough for {calls} bridged calls"
            yield Finding("sound", "warn", what, "widen [rtp] ports")
        else:
            yield Finding("sound", "ok", f"RTP ports {wanted}")
