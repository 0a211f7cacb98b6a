"""Every measurement in this folder, one after the other (never at once: they would measure each other).

python bench/run.py                 print
python bench/run.py --gate          exit 1 when one misses its figures
python bench/run.py rtp_streams     only this one
python bench/run.py --write         also into docs/performance.md, with date, machine and command; other parts stay
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
NOTES = HERE.parent / "docs" / "performance-notes.md"  # written by hand, kept apart from what is measured


def machine() -> str:
    """What kind of machine this is; nothing that names it."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "")
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    cores, python = len(os.sched_getaffinity(0)), platform.python_version()
    return f"{cores} cores ({model or platform.machine()}), {system}, Python {python}"


def run(command: list[str]) -> tuple[int, str]:
    """Run it, printing as it goes; exit code and what it printed."""
    printed = []
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    return process.returncode, "".join(printed)


def page(results: dict[str, str], before: str = "") -> str:
    """The page of figures: what was measured now, and of the page ``before`` what was not."""
    sections = {part.partition("\n")[0]: part.rstrip() for part in before.split("\n## ")[1:]}
    sections = {name: part for name, part in sections.items() if (HERE / f"{name}.py").exists()}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    for name, printed in results.items():
        head = f"{name}\n\n`python bench/{name}.py` · {today} · {machine()}\n\n"
        sections[name] = f"{head}```text\n{printed.rstrip()}\n```"
    parts = [
        "# Performance\n",
        "Measured by `make bench`, each part alone; `make bench-gate` fails when a figure is missed.",
        "What each part measures stands at the head of its file in `bench/`;",
        f"where the time goes, and what would save it: [{NOTES.stem}]({NOTES.name}).\n",
    ]
    return "\n".join([*parts, *(f"## {sections[name]}\n" for name in sorted(sections))])


def main() -> int:
    """Run them; how many missed their figures decides the exit code."""
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("run", "__init__"))
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; default: all")
    options.add_argument("--gate", action="store_true", help="exit 1 when a figure is missed")
    options.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    chosen = options.parse_args()
    if unknown := set(chosen.names) - set(known):
        options.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    missed, results = [], {}
    for name in chosen.names or known:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), *(["--gate"] if chosen.gate else [])]
        code, results[name] = run(command)
        if code:
            missed.append(name)
    if chosen.write:
        PAGE.write_text(page(results, PAGE.read_text("utf-8") if PAGE.exists() else ""), encoding="utf-8")
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall as they should be" if chosen.gate else "")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
