from __future__ import annotations

import threading
import uuid

from store.ids import uuid7


def test_an_id_is_a_uuid_of_version_7_of_its_moment() -> None:
    made = uuid.UUID(uuid7(4_000_000_000_000))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 4_000_000_000_000


def test_ids_of_one_process_only_go_up_even_when_the_clock_goes_back() -> None:
    ids = [uuid7(4_000_000_000_000 - n) for n in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_threads_never_get_the_same_id() -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(uuid7() for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000
