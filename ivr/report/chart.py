"""Charts as figures of SVG, drawn here: no script, no fonts of their own, the same on a page, in a PDF and on paper.

Each has a title and a description that a screen reader reads instead of the picture; what is told apart by colour is
told apart by a pattern or a name as well. Colours are written into the picture for paper, and can be changed by class
(``fill s0``, ``grid``, ``goal``) where a page has its own palette, as at night.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

WIDTH, HEIGHT = 760, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 16, 48  # margins, px
COLOURS = ("#1f5fa8", "#c2571a", "#6b7280", "#2f7d4f")  # all 4.5:1 on white
DASHES = ("", "7 4", "2 3", "10 3 2 3")


@dataclass(frozen=True, slots=True)
class Series:
    """One row of values, with the name it has in the legend; None is a gap."""

    name: str
    values: Sequence[float | None]


def bars(title: str, desc: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Bars that stand on each other, one pile for each label."""
    piles = [sum(v for s in series if (v := s.values[i]) is not None) for i in range(len(labels))]
    scale = _scale(max(piles, default=0), whole=True)
    step = _plot_width() / max(1, len(labels))
    parts = _grid(scale, labels, step)
    for i in range(len(labels)):
        base = 0.0
        for n, one in enumerate(series):
            value = one.values[i] or 0
            if value:
                top, bottom = _y(base + value, scale), _y(base, scale)
                parts.append(
                    f'<rect x="{LEFT + i * step + step * 0.1:.1f}" y="{top:.1f}" width="{step * 0.8:.1f}" '
                    f'height="{bottom - top:.1f}" fill="{COLOURS[n]}" class="fill s{n}"/>'
                )
            base += value
    return _svg(title, desc, [*parts, *_legend([s.name for s in series], lines=False)])


def lines(
    title: str, desc: str, labels: Sequence[str], series: Sequence[Series], goal: tuple[str, float] | None = None
) -> str:
    """A line for each series; ``goal``: a level to be reached, with its name."""
    top = max([v for s in series for v in s.values if v is not None] + ([goal[1]] if goal else []), default=0)
    scale = _scale(top)
    step = _plot_width() / max(1, len(labels))
    parts = _grid(scale, labels, step)
    for n, one in enumerate(series):
        points = [
            (LEFT + (i + 0.5) * step, _y(value, scale)) for i, value in enumerate(one.values) if value is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{COLOURS[n]}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[n]}" class="stroke s{n}"/>'
        )
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{COLOURS[n]}" class="fill s{n}"/>' for x, y in points
        ]
    if goal:
        y = _y(goal[1], scale)
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#111" '
            f'stroke-dasharray="4 4" class="goal"/>'
            f'<text x="{WIDTH - RIGHT}" y="{y - 4:.1f}" text-anchor="end">{escape(goal[0])}</text>'
        )
    return _svg(title, desc, [*parts, *_legend([s.name for s in series], lines=True)])


def ranking(title: str, desc: str, items: Sequence[tuple[str, int]]) -> str:
    """Names with a bar and a number each, in the order given."""
    most, height, name_width = max((n for _, n in items), default=0), 26, 330
    parts = []
    for row, (name, count) in enumerate(items):
        y = TOP + row * height
        width = (WIDTH - name_width - 70) * count / most if most else 0
        parts.append(
            f'<text x="{name_width - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{name_width}" y="{y + 2}" width="{width:.1f}" height="18" fill="{COLOURS[0]}" class="fill s0"/>'
            f'<text x="{name_width + width + 6:.1f}" y="{y + 15}">{count}</text>'
        )
    return _svg(title, desc, parts, TOP + height * max(1, len(items)) + 8)


def _svg(title: str, desc: str, parts: Sequence[str], height: int = HEIGHT) -> str:
    name = "c" + sha256(f"{title}{desc}".encode()).hexdigest()[:8]
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-t {name}-d" font-size="11" fill="#222">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(desc)}</desc>{"".join(parts)}</svg>'
        "</figure>"
    )


def _scale(top: float, whole: bool = False) -> list[float]:
    """Round values from 0 to at least ``top``, six at most; ``whole``: of things that are counted."""
    if top < 1e-6:  # nothing, or as good as nothing
        return [0.0, 1.0]
    raw = top / 4
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * m for m in ((1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10)) if size * m >= raw)
    step = max(1.0, step) if whole else step
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def _grid(scale: Sequence[float], labels: Sequence[str], step: float) -> list[str]:
    parts = []
    for value in scale:
        y = _y(value, scale)
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd" class="grid"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    every = max(1, math.ceil(len(labels) / 16))  # more names than that would touch each other
    for i in range(0, len(labels), every):
        x = LEFT + (i + 0.5) * step
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(labels[i])}</text>')
    return parts


def _legend(names: Sequence[str], lines: bool) -> list[str]:
    parts, x = [], LEFT
    for n, name in enumerate(names):
        y = HEIGHT - 12
        if lines:
            mark = (
                f'<line x1="{x}" y1="{y - 4}" x2="{x + 22}" y2="{y - 4}" stroke="{COLOURS[n]}" stroke-width="2" '
                f'stroke-dasharray="{DASHES[n]}" class="stroke s{n}"/>'
            )
        else:
            mark = f'<rect x="{x}" y="{y - 9}" width="12" height="10" fill="{COLOURS[n]}" class="fill s{n}"/>'
        parts.append(f'{mark}<text x="{x + 27}" y="{y}">{escape(name)}</text>')
        x += 44 + 12 * len(name)
    return parts


def _plot_width() -> int:
    return WIDTH - LEFT - RIGHT


def _y(value: float, scale: Sequence[float]) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / scale[-1])
