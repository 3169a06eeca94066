"""The metric families that the installed Ray exports, with their labels, read from its own source.

As text: Ray's reporter cannot be imported without packages that the farm does not need (`ray[default]`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import ray

PREFIX = "ray_"
"""`NAMESPACE` of `ray._private.telemetry.open_telemetry_metric_recorder`."""


def families() -> dict[str, frozenset[str]]:
    return dict(_nodes()) | dict(_autoscaler())


def _nodes() -> Iterator[tuple[str, frozenset[str]]]:
    folder = Path(ray.__file__).parent / "dashboard"
    keys = dict(_constants(folder / "consts.py"))
    tree = ast.parse((folder / "modules" / "reporter" / "reporter_agent.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Gauge"), args=[ast.Constant(value=str(name)), _, _, ast.Name(id=labels)]):
                yield PREFIX + name, keys[labels]


def _constants(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Lists of labels, some of which continue others."""
    known: dict[str, list[str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.List() as value):
                known[name] = ast.literal_eval(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name(id=first), right=second)):
                if first in known:
                    more = known[second.id] if isinstance(second, ast.Name) else ast.literal_eval(second)
                    known[name] = known[first] + more
    return ((name, frozenset(labels)) for name, labels in known.items())


def _autoscaler() -> Iterator[tuple[str, frozenset[str]]]:
    path = Path(ray.__file__).parent / "autoscaler" / "_private" / "prom_metrics.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Name(id="Counter" | "Gauge" | "Histogram" as kind), args=[ast.Constant(value=name), *_]
            ):
                said = {word.arg: word.value for word in node.keywords}
                namespace, unit = (ast.literal_eval(said[key]) for key in ("namespace", "unit"))
                named = name if name.endswith(unit) else f"{name}_{unit}"
                total = "_total" if kind == "Counter" else ""
                yield f"{namespace}_{named}{total}", frozenset(ast.literal_eval(said["labelnames"]))
