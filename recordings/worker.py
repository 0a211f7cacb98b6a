"""The speech worker: a process of its own that synthesises and processes audio.

espeak-ng is global C state (one voice, one call-back, not thread-safe) and audio work holds the
interpreter for milliseconds; neither may happen in the process that paces 200 RTP streams. So
:mod:`recordings.studio` starts this module and speaks to it over stdin and stdout:

request   u32 length | JSON ``{"do": "espeak"|"file"|"phonemes"|"hello", ...}``
response  u32 length | u32 header length | JSON ``{"ok", "error", "pcm8": bytes of it ...}`` | pcm8 | pcm16

It ends when stdin ends, so it never outlives its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from recordings import audio
from recordings.syllables import for_espeak

ESPEAK_RATE, ESPEAK_PITCH = 1, 3  # espeak_PARAMETER
RETRIEVAL, DONT_EXIT = 2, 0x8000
UTF8 = 1  # without the SSML flag: markup in a text is spoken, never obeyed
PATH_LIMIT = 120  # espeak-ng keeps its data path in 160 bytes

Answer = tuple[dict[str, Any], bytes, bytes]


class Espeak:
    """The espeak-ng library shipped by ``espeakng-loader``."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise RuntimeError("espeak-ng is not installed: pip install 'open-hotline[voice]'") from None
        self._lib = lib = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path())
        if len(os.fsencode(data)) > PATH_LIMIT:
            self._short = tempfile.TemporaryDirectory(prefix="esp")
            os.symlink(data, link := os.path.join(self._short.name, "espeak-ng-data"))
            data = link
        lib.espeak_Info.restype = ctypes.c_char_p
        lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        lib.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
        lib.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
            ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        self.hz = int(lib.espeak_Initialize(RETRIEVAL, 0, os.fsencode(data), DONT_EXIT))
        if self.hz <= 0:
            raise RuntimeError(f"espeak-ng did not start with its data in {data}: reinstall espeakng-loader")
        self.version = lib.espeak_Info(None).decode()
        self._parts: list[bytes] = []
        made = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = made(self._take)  # kept: espeak holds only the C pointer
        lib.espeak_SetSynthCallback(self._callback)

    def _take(self, wav: Any, count: int, _events: object) -> int:
        if wav and count > 0:
            self._parts.append(ctypes.string_at(wav, count * 2))
        return 0

    def _voice(self, voice: str) -> None:
        if self._lib.espeak_SetVoiceByName(voice.encode()):
            raise RuntimeError(f"espeak-ng has no voice {voice!r}")

    def say(self, text: str, voice: str, words_per_minute: int) -> audio.Samples:
        """Speech at ``self.hz``."""
        self._voice(voice)
        self._lib.espeak_SetParameter(ESPEAK_RATE, words_per_minute, 0)
        self._parts = []
        raw = text.encode()
        if self._lib.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, UTF8, None, None):
            raise RuntimeError("espeak-ng refused the text")
        self._lib.espeak_Synchronize()
        return np.frombuffer(b"".join(self._parts), dtype="<i2") / 32768

    def phonemes(self, text: str, voice: str) -> str:
        """What espeak-ng would say, in its own notation (``(en)`` marks a fall back to English)."""
        self._voice(voice)
        raw = ctypes.create_string_buffer(text.encode())
        at = ctypes.c_void_p(ctypes.addressof(raw))
        clauses = []
        while at.value:
            clauses.append((self._lib.espeak_TextToPhonemes(ctypes.byref(at), UTF8, 0) or b"").decode())
        return " ".join(clauses)


class Worker:
    """Answers one request after another."""

    def __init__(self) -> None:
        self._espeak: Espeak | None = None
        self._models: dict[str, Any] = {}  # piper voices by path
        self._does: dict[str, Callable[..., Answer]] = {
            "hello": self._hello, "espeak": self._say, "phonemes": self._phonemes,
            "piper": self._piper, "file": self._file,
        }  # fmt: skip

    def answer(self, request: dict[str, Any]) -> Answer:
        """Carry out one request; every failure becomes an answer."""
        try:
            return self._does[request.pop("do")](**request)
        except Exception as error:
            return {"ok": False, "error": str(error) or repr(error)}, b"", b""

    def _voice(self) -> Espeak:
        if self._espeak is None:
            self._espeak = Espeak()
        return self._espeak

    def _hello(self) -> Answer:
        return {"ok": True, "espeak": self._voice().version}, b"", b""

    def _say(self, text: str, voice: str, wpm: int) -> Answer:
        espeak = self._voice()
        return self._prompt(espeak.say(for_espeak(text, voice), voice, wpm), espeak.hz)

    def _phonemes(self, text: str, voice: str) -> Answer:
        return {"ok": True, "phonemes": self._voice().phonemes(for_espeak(text, voice), voice)}, b"", b""

    def _piper(self, text: str, model: str, stretch: float) -> Answer:
        try:
            from piper import PiperVoice, SynthesisConfig
        except ImportError:
            raise RuntimeError("piper is not installed: pip install piper-tts") from None
        voice = self._models.get(model) or self._models.setdefault(model, PiperVoice.load(model))
        chunks = list(voice.synthesize(text, SynthesisConfig(length_scale=stretch)))
        samples = np.concatenate([chunk.audio_float_array for chunk in chunks])
        return self._prompt(samples, chunks[0].sample_rate)

    def _file(self, path: str, stretch: float) -> Answer:
        samples, rate = audio.read(Path(path))
        return self._prompt(samples, rate, stretch)

    def _prompt(self, samples: audio.Samples, rate: int, stretch: float = 1.0) -> Answer:
        made = audio.prompt(samples, rate, stretch=stretch)
        return {"ok": True, "pcm8": len(made.pcm8)}, made.pcm8, made.pcm16


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until ``requests`` ends."""
    worker = Worker()
    while len(size := requests.read(4)) == 4:
        header, pcm8, pcm16 = worker.answer(json.loads(requests.read(struct.unpack(">I", size)[0])))
        text = json.dumps(header).encode()
        body = struct.pack(">I", len(text)) + text + pcm8 + pcm16
        answers.write(struct.pack(">I", len(body)) + body)
        answers.flush()


def main() -> None:
    """Serve stdin and stdout; stray prints of C libraries go to stderr, not into the protocol."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, out)


if __name__ == "__main__":
    main()
