"""Every measurement in this folder, one after the other (never at once: they would measure each other).

python bench/run.py                 print
python bench/run.py --gate          exit 1 when one misses its figures
python bench/run.py rtp_streams     only this one
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run them; how many missed their figures decides the exit code."""
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in ("run", "__init__"))
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; default: all")
    options.add_argument("--gate", action="store_true", help="exit 1 when a figure is missed")
    chosen = options.parse_args()
    if unknown := set(chosen.names) - set(known):
        options.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    missed = []
    for name in chosen.names or known:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), *(["--gate"] if chosen.gate else [])]
        if subprocess.run(command, check=False, cwd=HERE.parent).returncode:
            missed.append(name)
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall as they should be" if chosen.gate else "")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
