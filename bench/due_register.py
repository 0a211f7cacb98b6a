"""How fast a register is recomputed, reading and writing included: `hotline due --csv` without its start.

    python bench/due_register.py          # 100,000 rows of each kind of rule
    python bench/due_register.py --gate   # exit 1 below 20,000 rows a second

The city's rule (the same time of day, after hours from the next opening) is the dearest; the default profile's
dates end at 24:00. The best of three runs counts, by the processor time of this process (all of it is counted, and
what else the machine does is not).
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hotline.cli.registers import recompute
from ivr.calendar.tables import WorkCalendar
from ivr.cases.register import Register
from ivr.profile import Profile

LIMIT = 20_000  # rows a second
ZONE = ZoneInfo("Asia/Shanghai")
CITY = """
name = "city"
title = { en = "City 311" }
source = "bench"
[hours]
kind = "workday_no_break"
open = "08:30"
close = "17:00"
[deadlines]
five = { n = 5, unit = "workday", convention = "same_time", after_hours = "next_opening" }
ten = { n = 10, unit = "workday", convention = "same_time", after_hours = "next_opening" }
"""


def write_register(path: Path, kinds: list[str], rows: int) -> None:
    """Arrivals of a year, in no order, to the second."""
    chance = random.Random(20_000)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "kind", "received"])
        for number in range(rows):
            at = datetime(2026, 1, 1) + timedelta(seconds=chance.randrange(340 * 86_400))
            writer.writerow([number, chance.choice(kinds), at.isoformat()])


def rows_per_second(folder: Path, profile: Profile, kinds: list[str], rows: int) -> float:
    """The best of three runs."""
    source, target = folder / "in.csv", folder / "out.csv"
    write_register(source, kinds, rows)
    took = []
    for _ in range(3):
        calendar = WorkCalendar.load()  # nothing is remembered of the run before
        began = time.process_time()
        found = recompute(str(source), str(target), lambda heading, c=calendar: Register(heading, profile, c, ZONE))
        took.append(time.process_time() - began)
        assert found == (rows, 0), found
    return rows / min(took)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--gate", action="store_true", help=f"fail below {LIMIT:,} rows a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "city.toml").write_text(CITY, encoding="utf-8")
        found = {
            "same time of day (a city's files)": rows_per_second(
                folder, Profile.load(folder / "city.toml"), ["five", "ten"], options.rows
            ),
            "end of day (default profile)": rows_per_second(
                folder, Profile.load(), ["complaint", "report", "suggestion"], options.rows
            ),
        }
    for name, rate in found.items():
        print(f"{name:36} {rate:10,.0f} rows/s")
    return int(options.gate and min(found.values()) < LIMIT)


if __name__ == "__main__":
    sys.exit(main())
