"""A whole list rendered by an open-weight model that a gang of two ranks shares, through Ray, as a person runs it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from tiny_models import save

from farm.media import probe
from farm.models.diffusion.installed import installed

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

ROWS = (
    'sq010,sh010,stills/coffee.png,0.5,"Slow push in toward the cup",4',
    'sq010,sh020,stills/chelsea.png,0.5,"Slow pan left",1',
)
SETTINGS = "generators:\n  - {model: tiny-wan, parallel: tp2, dtype: float32}\n"
WAN = ("--like", "wan21-480p", "--size", "96x64", "--frames", "5", "--fps", "8", "--steps", "2")
LTX = ("--like", "ltx", "--size", "96x64", "--frames", "9", "--fps", "8", "--steps", "2")


@pytest.fixture(scope="module")
def house(shared_studio):
    """A studio that has added two fine-tunes of its own, and whose workers bring them to a disk of their machine."""
    folder = shared_studio.folder
    (folder / "config.yaml").write_text(SETTINGS)
    shared_studio.env |= {
        "FARM_MODELS": str(folder / "models"),
        "FARM_MODEL_CACHE": str(folder / "node"),
        "FARM_CONFIG": str(folder / "config.yaml"),
    }
    for name, tiny, like in (("tiny-wan", "wan21", WAN), ("tiny-ltx", "ltx", LTX)):
        weights = save(tiny, folder / "weights" / tiny)
        added = shared_studio.run(shared_studio.command("models", "add", str(weights), "--name", name, *like))
        assert added.returncode == 0, added.stderr + added.stdout
    shared_studio.write(*ROWS)
    return shared_studio


@pytest.fixture(scope="module")
def first(house):
    """Frames of random weights pass no gate: every take is made, and none is picked."""
    return house.rendered("--model", "tiny-wan", code=1)


def takes(out: Path, lane: str = "tiny-wan") -> dict[tuple[int, str], dict]:
    """Facts of every take that workers of a lane made, by seed and still."""
    documents = [json.loads(path.read_text()) for path in out.glob("store/*/manifest/*/*/*/manifest.json")]
    made = [each for each in documents if each["stage"] == "generate" and each["worker"].startswith(lane)]
    assert all(each["state"] == "done" for each in made), made
    return {(each["facts"]["seed"], each["inputs"]["still"].split("/")[4]): each["facts"] for each in made}


def test_every_take_is_made_on_the_gang_from_a_seed_of_its_own(first, house):
    facts = takes(house.out)
    assert len(facts) == 5
    assert {each["parallel"] for each in facts.values()} == {"tp2"}
    assert len({each["frame_hash"] for each in facts.values()}) == 5
    assert [len(shot["takes"]) for shot in first["shots"]] == [4, 1]


def test_the_weights_were_brought_to_the_machines_own_disk(first, house):
    (here,), (there,) = (
        [record for record in installed(house.folder / name) if record.name == "tiny-wan"]
        for name in ("node", "models")
    )
    assert here.fingerprint == there.fingerprint
    assert house.folder / "node" in here.folder.parents
    assert there.folder == house.folder / "weights" / "wan21"


def test_four_takes_of_a_shot_are_encoded_once(first, house):
    by_still: dict[str, list[int]] = {}
    for (_, still), facts in takes(house.out).items():
        by_still.setdefault(still, []).append(facts["encoded"])
    assert sorted(map(len, by_still.values())) == [1, 4]
    assert all(sum(count > 0 for count in counts) == 1 for counts in by_still.values())


def test_a_person_chooses_and_the_take_is_brought_to_the_clips_size_and_rate(first, house):
    asked = house.run(house.command("approve", "shots", "sh020", "1", "--out", str(house.out)))
    assert "queued" in asked.stdout, asked.stderr + asked.stdout
    again = house.rendered("--model", "tiny-wan", code=1)
    states = {shot["code"]: shot["state"] for shot in again["shots"]}
    assert states == {"sh010": "failed", "sh020": "done"}
    (clip,) = house.out.glob("publish/**/*sh020_review_v001.mp4")
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames, facts.fps) == (256, 144, 12, Fraction(24))
    done = [json.loads(path.read_text())["stage"] for path in house.out.glob("store/*/manifest/*/*/*/manifest.json")]
    assert (done.count("generate"), done.count("upscale"), done.count("interpolate")) == (5, 1, 1)


def test_models_side_by_side_and_the_same_seeds_make_the_same_frames_elsewhere(first, house, tmp_path):
    house.env["FARM_STATE"] = str(tmp_path / "state")
    models = "tiny-wan,tiny-ltx,animatic"
    done = house.rendered("--model", models, "--takes", "2", "--shots", "sh010", out=str(tmp_path / "out"))
    (shot,) = (shot for shot in done["shots"] if shot["code"] == "sh010")
    assert [take["model"] for take in shot["takes"]] == [name for name in models.split(",") for _ in range(2)]
    seeds = [take["seed"] for take in shot["takes"]]
    assert seeds[:2] == seeds[2:4] == seeds[4:]
    assert next(take["model"] for take in shot["takes"] if take["chosen"]) == "animatic"
    again = {seed: facts["frame_hash"] for (seed, _), facts in takes(tmp_path / "out").items()}
    before = {seed: facts["frame_hash"] for (seed, _), facts in takes(house.out).items()}
    assert again.items() <= before.items()
    assert len(again) == 2
