"""What the measurements share. They use the tests' own Asterisk and telephones, so the tests can be imported here."""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)
