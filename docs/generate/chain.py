"""How frames are made and judged: stages, models, takes, scores; and how the code that does it is stacked."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

from pydantic import BaseModel

from .markdown import code, table, words

FLOORS = {
    "cli": "arguments and exit codes",
    "terminal": "screens",
    "service": "the verbs, and where the parts are put together",
    "rendering": "a list rendered here or by whoever leads, a farm driven; scenarios and the study of scaling",
    "driving": "a driver put together from the settings; the doctor; the models that the settings know",
    "asking": "requests and their answers; following a job; the farm at a glance; one farm at one output",
    "jobview": "jobs as people and as the driver see them",
    "report": "a job's page",
    "summary": "what came of a job",
    "resume": "what is there already",
    "cluster": "`cluster` is the only importer of Ray; `simulator` is its twin of paper; `notify` tells webhooks",
    "metrics": "what Prometheus is told",
    "driver": "the loop: requests, plans, commits, commands",
    "stages": "one file each; what lies in the clip store",
    "delivery": "timecode, burn-in, slate, provenance",
    "cut": "pictures with words, the timeline; how takes are judged",
    "media": "the only place that runs ffmpeg; the job store, the clip store, the catalog",
    "liveplan": "a plan that grows with what comes out; the models and upscalers there are",
    "plan": "pure",
    "scheduler": "pure; how frames are made",
    "config": "the only reader of settings; what is asked for",
    "tasks": "the nouns",
    "lastwords": "what failed said last",
    "logs": "lines of logs, their form and where they go; an attempt's own log",
    "spans": "how long something takes, as people write and read it; being asked to stop",
    "logview": "logs as people read them",
}
"""By one module of it, what a floor is for."""


def stages() -> str:
    from farm.chain import STAGES

    def row(name: str, version: int, params: type[BaseModel]) -> tuple[str, ...]:
        inputs, _, leaves = " ".join(inspect.cleandoc(params.__doc__ or "").split()).partition("Leaves ")
        return code(name), str(version), inputs.removeprefix("Inputs: ").rstrip(" ."), leaves.rstrip(".")

    rows = (row(name, spec.version, spec.params) for name, spec in STAGES.items())
    return table(("stage", "version", "reads", "leaves"), rows)


def components() -> str:
    from farm.scoring import scales

    docs = re.findall(r"^- (\w+): (.+)$", Path(scales.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    meanings = dict(docs)
    rows = [
        (code(name), meanings[name], f"{scale.weight:g}", f"{scale.floor:g}", f"{scale.tolerance:g}", scale.fault)
        for name, scale in scales.SCALES.items()
    ]
    return table(("component", "measured as", "weight", "worth 1 at", "worth 0 at", "what people see"), rows)


def takes() -> str:
    from farm.models.animatic.takes import NAMED

    rows = (
        (str(number), each.name, f"{each.amount:g}", f"{each.ease.rise:.0%} / {each.ease.fall:.0%}")
        for number, each in enumerate(NAMED, 1)
    )
    return table(("take", "called", "amount", "time spent setting off / settling"), rows)


def animatic_limits() -> str:
    from farm.models.animatic import path, shake, strain

    rows = (
        ("parallax of a sideways move", f"at most {path.LATERAL_CAP:.0%} of the frame's width"),
        ("stretch of any part of the picture", f"at most {strain.STRETCH_LIMIT:.0%}"),
        ("bend of a long straight line", f"at most {strain.BEND_LIMIT_PX:g} pixels of a frame 1920 wide"),
        ("lean of an upright line", f"at most {strain.LEAN_LIMIT_DEG:g}°"),
        ("handheld shake", "{:g} to {:g} Hz".format(*shake.BAND_HZ)),
    )
    return table(("limit", "value"), rows)


def models() -> str:
    from farm.models.registry import Registry

    specs = Registry().specs.values()
    rows = (
        (
            code(spec.name),
            spec.title,
            words(sorted(spec.conditions)),
            "needed" if spec.needs_prompt else "understood, not needed",
            str(spec.gpus or "none"),
            spec.licence,
        )
        for spec in specs
    )
    return table(("model", "", "takes", "prompt", "GPUs", "licence"), rows)


def floors() -> str:
    """The layers that import-linter keeps, from the top."""
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"] for contract in settings["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"
    )
    rows: list[tuple[str, str]] = []
    for layer in layers:
        modules = re.findall(r"\w+", layer)
        rows.append((words(map(code, modules)), next((FLOORS[each] for each in modules if each in FLOORS), "")))
    return table(("from the top", ""), rows)
