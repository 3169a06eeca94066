"""The farm's chart, rendered by Helm's own engine: its values, its manifests, and what lies inside them.

values file ─▶ Chart.render ─▶ Manifests ─▶ documents ─▶ pods ─▶ containers
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from helm_python import Chart

FOLDER = Path(__file__).parents[2] / "helm" / "farm"
FILES = sorted((FOLDER / "ci").glob("*-values.yaml"))
SCHEMA: Mapping[str, Any] = json.loads((FOLDER / "values.schema.json").read_text(encoding="utf-8"))

Values: TypeAlias = dict[str, Any]
Document: TypeAlias = Mapping[str, Any]


@cache
def chart() -> Chart:
    return Chart.load(FOLDER)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def merged(values: Values) -> Values:
    """The chart's own values with these over them, as an installation would take them."""
    return chart().merge_values(values)


def render(values: Values) -> Mapping[str, str]:
    """The manifests by the name of their template."""
    found = chart().render(values, name="studio", namespace="renders")
    return {path.partition("/templates/")[2]: text for path, text in found.items()}


def documents(values: Values) -> list[Document]:
    """Every object that would be handed to Kubernetes."""
    texts = [text for path, text in render(values).items() if path != "NOTES.txt"]
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


def of_kind(found: list[Document], kind: str) -> list[Document]:
    return [document for document in found if document["kind"] == kind]


def named(document: Document) -> str:
    return f"{document['kind']}/{document['metadata']['name']}"


def pods(found: list[Document]) -> Iterator[tuple[str, Document]]:
    """Every pod's template: its name, and its metadata and spec."""
    for document in found:
        if document["kind"] == "Pod":
            yield named(document), document
        elif document["kind"] in {"Deployment", "StatefulSet"}:
            yield named(document), document["spec"]["template"]
        elif document["kind"] == "RayCluster":
            yield "head", document["spec"]["headGroupSpec"]["template"]
            for group in document["spec"]["workerGroupSpecs"]:
                yield group["groupName"], group["template"]


def containers(pod: Document) -> list[Document]:
    """Those that start it, too."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
