"""A YAML file that remembers its lines, so that an error can point at one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ivr.errors import IvrError

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a flow: where, what, and what to write instead."""

    file: str
    line: int
    step: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f" step '{self.step}':" if self.step else ""
        return f"{self.file}:{self.line}:{where} {self.message} → {self.remedy}"


class FlowRefused(IvrError, ValueError):
    """A flow that is not served, with every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class YamlSource:
    """The parsed file: plain data, and the line of every place in it."""

    file: str
    data: dict[str, Any]
    lines: dict[Place, int] = field(repr=False)

    def line(self, *place: str | int) -> int:
        """The line of a place, or of the nearest known place above it."""
        path = tuple(str(part) for part in place)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, place: tuple[str | int, ...], step: str, message: str, remedy: str) -> Problem:
        """A problem at a place of this file."""
        return Problem(self.file, self.line(*place), step, message, remedy)


def read(path: Path) -> YamlSource:
    """Read a flow file. Raises :class:`FlowRefused` when it cannot be read as a YAML mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FlowRefused(
            [Problem(str(path), 1, "", f"cannot be read ({error.strerror})", "check the name and its rights")]
        ) from error
    except UnicodeDecodeError as error:
        raise FlowRefused([Problem(str(path), 1, "", "is not UTF-8 text", "save the file as UTF-8")]) from error
    return parse(text, path.name)


def parse(text: str, file: str) -> YamlSource:
    """Read flow text; ``file`` is its name in messages."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise FlowRefused(
            [
                Problem(
                    file,
                    line,
                    "",
                    f"is not YAML: {error.problem}",
                    "check indentation, colons and brackets here",
                )
            ]
        ) from error
    except yaml.YAMLError as error:
        raise FlowRefused([Problem(file, 1, "", f"is not YAML: {error}", "save it as plain UTF-8 text")]) from error
    if not isinstance(node, yaml.MappingNode):
        raise FlowRefused([Problem(file, 1, "", "holds no steps", "begin with 'flow: NAME', 'start: STEP', 'steps:'")])
    lines: dict[Place, int] = {}
    problems: list[Problem] = []
    data = _build(node, (), file, lines, problems)
    if problems:
        raise FlowRefused(problems)
    return YamlSource(file, data, lines)


def _build(node: yaml.Node, place: Place, file: str, lines: dict[Place, int], problems: list[Problem]) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            inner = (*place, key)
            if key in result:
                step = place[1] if len(place) > 1 else ""
                line = key_node.start_mark.line + 1
                problems.append(Problem(file, line, step, f"'{key}' stands here twice", "keep one of the two"))
            lines[inner] = key_node.start_mark.line + 1
            result[key] = _build(value_node, inner, file, lines, problems)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*place, str(i)), file, lines, problems) for i, item in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (ValueError, yaml.YAMLError):
        return node.value
    finally:
        loader.dispose()
