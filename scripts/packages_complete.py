"""Is everything installed that pyproject.toml asks for, with these extras? Needs no network.

python scripts/packages_complete.py voice,dev     exit code 0: yes, 1: no (and what is missing)
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement


def missing(extras: list[str]) -> list[str]:
    """The requirements that are not met."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return [text for text in wanted if not _met(Requirement(text))]


def _met(requirement: Requirement) -> bool:
    if requirement.marker and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


if __name__ == "__main__":
    lacking = missing(sys.argv[1].split(","))
    print("\n".join(lacking))
    sys.exit(bool(lacking))
