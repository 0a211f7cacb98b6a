"""G.711 against known vectors, an independent encoder, and its own bounds."""

import hashlib
import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from recordings import g711

EVERY_SAMPLE = np.arange(-32768, 32768).astype("<i2").tobytes()
EVERY_CODE = bytes(range(256))


@pytest.mark.parametrize(
    ("convert", "given_bytes", "sha256"),
    [
        # Python 3.11's audioop over every input: lin2alaw, lin2ulaw, alaw2lin, ulaw2lin.
        (g711.pcm_to_alaw, EVERY_SAMPLE, "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"),
        (g711.pcm_to_ulaw, EVERY_SAMPLE, "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a"),
        (g711.alaw_to_pcm, EVERY_CODE, "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"),
        (g711.ulaw_to_pcm, EVERY_CODE, "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"),
    ],
)
def test_every_value_converts_as_the_former_standard_library_did(convert, given_bytes, sha256):
    assert hashlib.sha256(convert(given_bytes)).hexdigest() == sha256


def test_the_tables_hold_the_corner_values_of_the_recommendation():
    samples = np.array([0, 8, -8, 32767, -32768], "<i2").tobytes()
    assert g711.pcm_to_alaw(samples).hex() == "d5d555aa2a"
    assert g711.pcm_to_ulaw(samples).hex() == "fffe7e8000"
    assert np.frombuffer(g711.alaw_to_pcm(b"\xd5\x55\xaa\x2a"), "<i2").tolist() == [8, -8, 32256, -32256]
    assert np.frombuffer(g711.ulaw_to_pcm(b"\xff\x7f\x80\x00"), "<i2").tolist() == [0, 0, 32124, -32124]


@pytest.mark.parametrize(("subtype", "decode"), [("ALAW", g711.alaw_to_pcm), ("ULAW", g711.ulaw_to_pcm)])
def test_decoding_agrees_with_libsndfile(subtype, decode):
    theirs, _ = soundfile.read(
        io.BytesIO(EVERY_CODE), dtype="int16", format="RAW", subtype=subtype, samplerate=8000, channels=1
    )
    assert np.frombuffer(decode(EVERY_CODE), "<i2").tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("encode", "decode"), [(g711.pcm_to_alaw, g711.alaw_to_pcm), (g711.pcm_to_ulaw, g711.ulaw_to_pcm)]
)
def test_a_round_trip_of_every_sample_stays_within_half_a_step(encode, decode):
    """16 steps in each doubling: half a step is a 32nd of the size, plus what the smallest segment adds."""
    sample = np.frombuffer(EVERY_SAMPLE, "<i2").astype(int)
    error = np.abs(np.frombuffer(decode(encode(EVERY_SAMPLE)), "<i2") - sample)
    assert (error <= (np.abs(sample) + 132) / 32 + 8).all()


@given(st.binary(max_size=400).filter(lambda data: len(data) % 2 == 0))
def test_each_sample_is_converted_on_its_own(pcm):
    for encode, decode in ((g711.pcm_to_alaw, g711.alaw_to_pcm), (g711.pcm_to_ulaw, g711.ulaw_to_pcm)):
        codes = encode(pcm)
        assert codes == b"".join(encode(pcm[n : n + 2]) for n in range(0, len(pcm), 2))
        assert decode(codes) == b"".join(decode(bytes([code])) for code in codes)


@pytest.mark.parametrize(
    ("encode", "decode", "two_zeros"),
    [(g711.pcm_to_alaw, g711.alaw_to_pcm, False), (g711.pcm_to_ulaw, g711.ulaw_to_pcm, True)],
)
def test_decoded_codes_encode_to_themselves(encode, decode, two_zeros):
    again = encode(decode(EVERY_CODE))
    different = [code for code in EVERY_CODE if again[code] != code]
    assert different == ([0x7F] if two_zeros else [])  # mu-law has a negative zero too


def test_transcoding_by_table_is_the_same_as_through_pcm():
    assert g711.alaw_to_ulaw(EVERY_CODE) == g711.pcm_to_ulaw(g711.alaw_to_pcm(EVERY_CODE))
    assert g711.ulaw_to_alaw(EVERY_CODE) == g711.pcm_to_alaw(g711.ulaw_to_pcm(EVERY_CODE))


def test_half_a_sample_is_refused_with_a_reason():
    with pytest.raises(ValueError, match="even number of bytes"):
        g711.pcm_to_alaw(b"\x00\x01\x02")


def test_nothing_converts_to_nothing():
    assert g711.pcm_to_alaw(b"") == g711.alaw_to_pcm(b"") == b""
