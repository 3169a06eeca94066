"""The models folder: records that are read, and those that cannot be."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from farm.models.diffusion.checkpoints import CHECKPOINTS
from farm.models.diffusion.installed import (
    Installed,
    Kind,
    Overrides,
    WeightFile,
    checkpoint_of,
    fingerprint_of,
    installed,
    survey,
    write,
)

FILES = (
    WeightFile(path="transformer/config.json", size=2, sha256="a" * 64),
    WeightFile(path="transformer/diffusion_pytorch_model.safetensors", size=9, sha256="b" * 64),
)


def record(models: Path, name: str = "house-wan", **changes: object) -> Installed:
    whole = Installed(
        name=name, family="wan", like="wan22-5b", licence="own", fingerprint=fingerprint_of(FILES), files=FILES,
        home=models / name,
    )  # fmt: skip
    return whole.model_copy(update=changes)


def troubles(models: Path):
    return survey(models)[1]


def put(models: Path, **changes: object) -> Path:
    """A record that is written with these changes, whatever they are."""
    whole = record(models)
    write(whole)
    path = whole.home / "model.json"
    document = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(document))
    return path


def test_what_is_written_is_read(tmp_path):
    own = Overrides(sizes=((1280, 704), (704, 1280)), frames=81, fps=Fraction(24000, 1001), steps=8)
    whole = record(tmp_path, overrides=own, kind=Kind.MODEL, sources=("/mnt/weights/house",))
    write(whole)
    assert installed(tmp_path) == (whole,)
    assert [path.name for path in whole.home.iterdir()] == ["model.json"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert installed(tmp_path / "none") == ()
    assert troubles(tmp_path / "none") == ()


def test_what_has_no_record_is_not_installed(tmp_path):
    (tmp_path / "half" / "weights").mkdir(parents=True)
    (tmp_path / ".locks").mkdir()
    (tmp_path / "notes.txt").write_text("")
    assert installed(tmp_path) == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"files": []}, "files: Tuple should have at least 1 item"),
        ({"fingerprint": "0" * 32}, "its fingerprint is not that of its files"),
        ({"like": "wan99"}, 'it is like "wan99", which is no known checkpoint'),
        ({"name": "other"}, 'it is the record of "other", in the folder of "house-wan"'),
        ({"name": "../other"}, "name: Value error"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"files": [{"path": "../../x", "size": 1, "sha256": "a" * 64}]}, "does not stay inside the folder"),
        ({"files": [{"path": "/etc/x", "size": 1, "sha256": "a" * 64}]}, "does not stay inside the folder"),
        ({"overrides": {"frames": 0}}, "overrides.frames"),
    ],
    ids=str,
)
def test_a_broken_record_is_named_and_hides_no_other(changes, problem, tmp_path, caplog):
    path = put(tmp_path, **changes)
    write(record(tmp_path, "sound"))
    with caplog.at_level(logging.WARNING):
        assert [each.name for each in installed(tmp_path)] == ["sound"]
    assert problem in caplog.text
    (finding,) = (each for each in troubles(tmp_path) if each.rule == "model.record")
    assert finding.place.file == str(path)
    assert problem in finding.problem
    assert finding.remedy == "farm models remove house-wan, then pull or add it again"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"], ids=repr)
def test_what_is_no_record_is_named(text, tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "model.json").write_text(text)
    assert installed(tmp_path) == ()
    assert [finding.rule for finding in troubles(tmp_path)] == ["model.record"]


def test_files_that_are_gone_are_told(tmp_path):
    write(record(tmp_path, weights="/nowhere/house-wan"))
    (finding,) = troubles(tmp_path)
    assert finding.problem == "2 of 2 files are not there: /nowhere/house-wan/transformer/config.json"
    assert [each.name for each in installed(tmp_path)] == ["house-wan"]


def test_files_stand_beside_the_record_or_elsewhere(tmp_path):
    own, other = record(tmp_path), record(tmp_path, weights="/mnt/w")
    assert (own.folder, own.is_own_copy) == (tmp_path / "house-wan" / "weights", True)
    assert (other.folder, other.is_own_copy) == (Path("/mnt/w"), False)


def test_the_fingerprint_knows_paths_sizes_and_digests_and_no_order():
    assert fingerprint_of(FILES) == fingerprint_of(reversed(FILES)) == "5180fbe7a52b8ad74ede3517c13c223c"
    for change in ({"path": "x"}, {"size": 3}, {"sha256": "c" * 64}):
        assert fingerprint_of((FILES[0].model_copy(update=change), FILES[1])) != fingerprint_of(FILES)


def test_a_studios_own_makes_what_it_is_like_but_for_what_it_states(tmp_path):
    own = record(tmp_path, overrides=Overrides(sizes=((704, 704),), frames=481, fps=Fraction(12), steps=4))
    made, like = checkpoint_of(own), CHECKPOINTS["wan22-5b"]
    assert (made.name, made.licence, made.repositories) == ("house-wan", "own", ())
    assert (made.sizes, made.frames, made.fps, made.steps) == (((704, 704),), 481, Fraction(12), 4)
    assert made.most_frames == 481
    assert (made.guidance, made.family) == (like.guidance, like.family)
    assert checkpoint_of(record(tmp_path)).sizes == like.sizes


def test_a_pulled_checkpoint_is_itself(tmp_path):
    assert checkpoint_of(record(tmp_path, "wan22-5b")) is CHECKPOINTS["wan22-5b"]


def test_reading_needs_neither_torch_nor_the_hub():
    script = (
        "import sys; from pathlib import Path; from farm.models.diffusion.installed import installed;"
        "installed(Path('/nowhere')); sys.exit(' '.join({'torch', 'diffusers', 'huggingface_hub', 'numpy'}"
        " & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
