"""Taking files in: each once, whatever names it, and a shot whose files cannot be read stands aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from farm import intake
from farm.intake import take_in
from farm.store.clips import ClipStore
from farm.tasks import asset_key

NAMES = count()


@pytest.fixture
def clips():
    return ClipStore(f"memory://intake-{next(NAMES)}")


@pytest.fixture
def listed(brief, shot, tmp_path):
    """Three shots, two of them with one still."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").write_text(name)
    a, b = str(tmp_path / "a.png"), str(tmp_path / "b.png")
    return brief(shot("sh010", still=a), shot("sh020", still=a, end=b), shot("sh030", still=b)).shot_list


def test_files_lie_under_their_content(listed, clips):
    taken = take_in(listed, clips, {})
    still = taken.assets["sh010"]["still"]
    assert still == taken.assets["sh020"]["still"]
    assert still.key == asset_key("demo", still.digest, "still.png")
    assert clips.read_bytes(still.key) == b"a"
    assert taken.assets["sh020"].keys() == {"still", "end"}
    assert not taken.refused


def test_each_file_is_read_once(listed, clips, monkeypatch):
    read = Counter()
    digest = intake.file_digest
    monkeypatch.setattr(intake, "file_digest", lambda path: (read.update([path.name]), digest(path))[1])
    take_in(listed, clips, {})
    assert read == {"a.png": 1, "b.png": 1}


def test_a_shot_whose_file_cannot_be_read_is_refused_and_the_others_go_on(listed, shot, clips):
    lost = replace(listed, shots=(*listed.shots, shot("sh040", still="/nowhere/c.png")))
    taken = take_in(lost, clips, {"sh030": "too dark"})
    assert taken.assets.keys() == {"sh010", "sh020"}
    assert taken.refused["sh030"] == "too dark"
    assert "still /nowhere/c.png cannot be read" in taken.refused["sh040"]


def test_without_a_clip_store_only_hashes_are_taken(listed):
    assert take_in(listed, None, {}).assets["sh010"]["still"].digest
