"""The online voice (gTTS): Mandarin of good quality, at build time only.

Texts leave the house here, so it is off unless allowed, and only phrases without personal data
are ever given to it (:meth:`recordings.voices.Voices.build`, never a live call).
"""

from __future__ import annotations

import base64
import io
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from recordings.studio import VoiceError

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 4.0
REST_S = 600.0  # after a failure nothing is tried for this long, so an offline build is not slow

Fetch = Callable[[str, str, float], bytes]


class Online:
    """Fetches speech, and remembers when the service could not be reached."""

    def __init__(
        self,
        fetch: Fetch | None = None,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._timeout, self._now = fetch or fetch_gtts, timeout_s, now
        self._rest_until = float("-inf")
        self.trouble = ""

    def say(self, text: str, lang: str) -> bytes:
        """MP3 of the text. Raises :class:`VoiceError` (unreachable, refused, not installed)."""
        if self._now() < self._rest_until:
            raise VoiceError(self.trouble)
        try:
            mp3 = self._fetch(text, "en" if lang.startswith("en") else lang, self._timeout)
        except OSError as error:  # time-out, no route, no name, bad certificate, refused (all of requests' errors)
            self._rest_until = self._now() + REST_S
            self.trouble = f"online voice unreachable ({error}); the offline voice is used"
            raise VoiceError(self.trouble) from None
        except Exception as error:  # this text or language only
            raise VoiceError(f"the online voice cannot speak this ({error})") from None
        self.trouble = ""
        return mp3


def fetch_gtts(text: str, lang: str, timeout_s: float, session: requests.Session | None = None) -> bytes:
    """Ask the service for MP3 audio.

    gTTS splits the text and forms the requests; they are sent here, because gTTS sends them
    without checking the server's certificate, and a prompt of a government hotline must not be
    replaceable on the way.
    """
    import gtts
    import requests

    mp3 = io.BytesIO()
    with session or requests.Session() as http:
        for request in gtts.gTTS(text, lang=lang, lang_check=False)._prepare_requests():
            house = http.merge_environment_settings(request.url, {}, None, None, None)  # proxy, own CA
            answer = http.send(request, timeout=timeout_s, **house)
            answer.raise_for_status()
            found = re.search(r'jQ1olc","\[\\"(.*?)\\"]', answer.text)
            if not found:
                raise VoiceError("the service answered without audio")
            mp3.write(base64.b64decode(found[1]))
    return mp3.getvalue()
