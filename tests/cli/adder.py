"""What a process beside does in the tests of it. It reads this module as it starts, so nothing large is imported."""

from __future__ import annotations

import os


class Told(Exception):
    """An error that needs two words to be made."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


class Adder:
    """Remembers, so that one can see it is the same."""

    def __init__(self, first: int) -> None:
        self.sum = first

    def add(self, n: int) -> int:
        self.sum += n
        return self.sum

    def pid(self) -> int:
        return os.getpid()

    def divide(self, by: int) -> float:
        return self.sum / by

    def tell(self) -> None:
        raise Told("that cannot", "be unpacked")

    def die(self) -> None:
        os._exit(7)

    def fill(self, megabytes: int) -> int:
        self.much = b"x" * (megabytes << 20)
        return self.sum

    def compute(self) -> None:
        while True:
            pass
