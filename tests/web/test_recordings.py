"""Recordings: decrypted only for those who may, by parts, and every listening is written down."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from store.schema import Recording
from tests.web.demo import at


@pytest.fixture
def recording(world):
    _call, case = world.complaint(at("10:00"), "13812345678")
    with Session(world.engine) as session:
        row = session.scalars(select(Recording).where(Recording.case_id == case.id)).one()
        return row.id, case, world.vault.open(row.id)


def test_a_supervisor_hears_the_account_and_the_audit_log_says_so(as_role, recording, audit):
    ident, case, wav = recording
    answer = as_role("supervisor").get(f"/recordings/{ident}.wav")
    assert answer.status_code == 200
    assert answer.mimetype == "audio/wav"
    assert answer.data == wav
    assert answer.data[:4] == b"RIFF"
    assert answer.headers["Cache-Control"] == "no-store"
    assert audit("recording.listen") == [("supervisor", "recording.listen", f"recording {ident}", case.number)]


@pytest.mark.parametrize("role", ["operator", "admin", "custodian"])
def test_others_do_not_hear_it_and_see_no_player(as_role, recording, role, audit):
    ident, case, _wav = recording
    client = as_role(role)
    assert client.get(f"/recordings/{ident}.wav").status_code == 403
    assert "<audio" not in client.get(f"/cases/{case.id}").text
    assert audit("recording.listen") == []


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=100000-200000", 100000, 200000), ("bytes=-50", -50, None), ("bytes=44-", 44, None)],
)
def test_a_player_may_ask_for_a_part(as_role, recording, wanted, first, last):
    ident, _case, wav = recording
    answer = as_role("lead").get(f"/recordings/{ident}.wav", headers={"Range": wanted})
    expected = wav[first : None if last is None else last + 1]
    assert answer.status_code == 206
    assert answer.data == expected
    begin = first % len(wav)
    assert answer.headers["Content-Range"] == f"bytes {begin}-{begin + len(expected) - 1}/{len(wav)}"
    assert int(answer.headers["Content-Length"]) == len(expected)


def test_a_part_beyond_the_end_is_refused(as_role, recording):
    answer = as_role("lead").get(f"/recordings/{recording[0]}.wav", headers={"Range": "bytes=9999999-"})
    assert answer.status_code == 416


def test_a_recording_that_was_deleted_on_time_is_a_404_that_says_so(as_role, recording, world):
    world.vault.delete(recording[0])
    answer = as_role("lead").get(f"/recordings/{recording[0]}.wav")
    assert answer.status_code == 404
    assert "按期限删除" in answer.text


def test_a_changed_file_is_not_played(as_role, recording, world):
    file = next((world.folder / "vault").glob(f"*/{recording[0]}.hlv"))
    data = bytearray(file.read_bytes())
    data = data[:-200]
    file.write_bytes(bytes(data))
    assert as_role("lead").get(f"/recordings/{recording[0]}.wav").status_code == 404


def test_the_case_page_has_a_labelled_player(as_role, recording):
    page = as_role("lead").get(f"/cases/{recording[1].id}").text
    assert f'src="/recordings/{recording[0]}.wav"' in page
    assert f'aria-labelledby="rec-{recording[0]}"' in page
    assert "每次收听都会写入审计记录" in page
