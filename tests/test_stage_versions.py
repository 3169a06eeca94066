"""A stage whose code changes needs a decision: does the same input still give the same output?

If it does, record the new source as it is; if it does not, raise the stage's version in `farm.chain` first, so that
finished work is made again. Either way: `python tests/test_stage_versions.py`.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from farm.chain import STAGES, StageName

RECORD = Path(__file__).with_name("stage_versions.json")

MAKES_THE_OUTPUT = {
    StageName.PREPARE: ["farm.stages.prepare", "farm.media.picture", "farm.media.layers"],
    StageName.GENERATE: ["farm.stages.generate", "farm.stages.movies", "farm.media.encode", "farm.media.presets"],
    StageName.SCORE: ["farm.stages.score", "farm.scoring"],
    StageName.SELECT: ["farm.stages.select"],
    StageName.COMPARE: ["farm.stages.compare", "farm.compare", "farm.cut.text", "farm.fitting", "farm.media.presets"],
    StageName.UPSCALE: [
        "farm.stages.upscale",
        "farm.stages.movies",
        "farm.models.enhance.lanczos",
        "farm.models.enhance.network",
        "farm.models.enhance.tiles",
        "farm.media.encode",
        "farm.fitting",
        "farm.media.mux",
        "farm.media.presets",
    ],
    StageName.INTERPOLATE: [
        "farm.stages.interpolate",
        "farm.stages.movies",
        "farm.stages.retime",
        "farm.models.enhance.between",
        "farm.models.enhance.flow",
        "farm.models.enhance.retimer",
        "farm.media.encode",
        "farm.media.mux",
        "farm.media.presets",
    ],
    StageName.CONFORM: [
        "farm.stages.conform",
        "farm.stages.movies",
        "farm.stages.moments",
        "farm.conform",
        "farm.media.reader",
        "farm.media.tempo",
        "farm.models.enhance.between",
        "farm.models.enhance.flow",
        "farm.models.enhance.retimer",
        "farm.media.encode",
        "farm.media.mux",
        "farm.media.presets",
    ],
    StageName.LOOP: [
        "farm.stages.loop",
        "farm.stages.movies",
        "farm.stages.moments",
        "farm.looping",
        "farm.media.reader",
        "farm.media.tempo",
        "farm.models.enhance.between",
        "farm.models.enhance.flow",
        "farm.models.enhance.retimer",
        "farm.media.encode",
        "farm.media.mux",
        "farm.media.presets",
    ],
    StageName.SOUND: [
        "farm.stages.sound",
        "farm.media.loudness",
        "farm.media.track",
        "farm.media.mux",
        "farm.media.presets",
    ],
    StageName.MIX: [
        "farm.stages.mix",
        "farm.media.loudness",
        "farm.media.track",
        "farm.media.mux",
        "farm.media.presets",
    ],
    StageName.DELIVER: [
        "farm.stages.deliver",
        "farm.delivery",
        "farm.cut.text",
        "farm.media.transcode",
        "farm.media.graph",
        "farm.media.presets",
    ],
    StageName.ASSEMBLE: ["farm.stages.assemble", "farm.cut", "farm.media.presets"],
}
"""The modules, or whole packages, that decide what a stage leaves."""


def recorded() -> dict[str, dict[str, object]]:
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def current(stage: StageName) -> dict[str, object]:
    trees = [_meaning(path) for name in MAKES_THE_OUTPUT[stage] for path in _files(name)]
    return {"version": STAGES[stage].version, "source": hashlib.sha256("".join(trees).encode()).hexdigest()[:16]}


def _files(name: str) -> list[Path]:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    origin = Path(spec.origin)
    return sorted(origin.parent.glob("*.py")) if spec.submodule_search_locations else [origin]


def _meaning(path: Path) -> str:
    """The source as a tree, without comments, docstrings and layout: rewording it changes nothing."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # pyright: ignore[reportAttributeAccessIssue]
                item
                for item in body
                if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant | ast.JoinedStr))
            ]
    return ast.dump(tree)


@pytest.mark.parametrize("stage", list(StageName))
def test_a_changed_stage_has_had_its_version_decided(stage):
    assert recorded().get(stage) == current(stage), (
        f"{stage} has changed. If its output has, raise its version in farm/chain.py. Then: python {__file__}"
    )


def test_rewording_is_no_change(tmp_path):
    one, two, three = tmp_path / "one.py", tmp_path / "two.py", tmp_path / "three.py"
    one.write_text('"""Theory."""\nx = 1  # why\n')
    two.write_text('"""Another theory."""\n\n\nx = 1\n')
    three.write_text("x = 2\n")
    assert _meaning(one) == _meaning(two) != _meaning(three)


if __name__ == "__main__":
    RECORD.write_text(json.dumps({stage: current(stage) for stage in StageName}, indent=2) + "\n")
    sys.stdout.write(f"recorded in {RECORD}\n")
