"""Which module needs which. What each package may import at all is said in ``pyproject.toml`` (import-linter)."""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp

PACKAGES = ("ivr", "services", "store", "sip", "recordings", "web", "hotline", "callflows")


def test_no_module_needs_one_that_needs_it() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)  # imports inside functions and for types are counted
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(needs) > 300
    TopologicalSorter(needs).prepare()  # CycleError names the circle
