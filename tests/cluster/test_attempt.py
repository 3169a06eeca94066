"""One attempt, without Ray: everything that happens ends up in one manifest, written last."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import count
from pathlib import Path
from threading import Event

import kept_models
import numpy as np
import pytest

from farm.canonical import file_digest
from farm.chain import PrepareParams, SelectParams, UpscaleParams
from farm.cluster.attempt import AttemptContext, Workplace, perform
from farm.cluster.cache import Cache
from farm.errors import Cancelled, FailureKind, InputError, StorageError
from farm.media import MEZZANINE, Encoder, Target, write_png
from farm.models.diffusion import loras
from farm.models.diffusion.installed import Kind
from farm.models.enhance import upscaler
from farm.models.registry import Registry
from farm.store.clips import ClipStore
from farm.tasks import AttemptState, Manifest, Task, Work, manifest_key
from farm.weights.nodecache import NodeCache
from farm.weights.source import FolderSource

NAMES = count()
SCORE = {"total": 80.0, "passed": True, "why": "stays sharp", "gates": {}, "components": {}}


@pytest.fixture
def clips():
    return ClipStore(f"memory://attempt-{next(NAMES)}")


@pytest.fixture
def place(clips, tmp_path):
    cache = Cache(tmp_path / "cache", limit_bytes=1 << 20)
    return Workplace("cpu-1", "node", clips, tmp_path, threads=1, cores=2, cache=cache)


@pytest.fixture
def prepare(clips, tmp_path):
    still = tmp_path / "in.png"
    write_png(still, np.full((40, 60, 3), 90, np.uint8))
    clips.put_file("assets/in.png", still)
    return Work(Task.of(project="p", stage="prepare", version=1, params=PrepareParams().content()), 1, {
        "still": "assets/in.png"
    })  # fmt: skip


def run(work, place, cancelled=None) -> Manifest:
    return perform(work, place, lambda fraction: None, cancelled or Event())


def stored(clips, work) -> Manifest:
    key = manifest_key(work.task.project, work.task.id, work.attempt)
    return Manifest.model_validate_json(clips.read_bytes(key))


def test_a_finished_attempt_names_its_files_and_hashes(prepare, place, clips, tmp_path):
    manifest = run(prepare, place)
    assert manifest.state is AttemptState.DONE
    still = manifest.files["still"]
    clips.fetch(still.key, tmp_path / "back.png")
    assert file_digest(tmp_path / "back.png") == still.sha256
    assert (tmp_path / "back.png").stat().st_size == still.size
    assert stored(clips, prepare) == manifest


def test_where_and_how_it_ran_is_kept(prepare, place):
    manifest = run(prepare, place)
    assert (manifest.worker, manifest.node, manifest.inputs) == ("cpu-1", "node", prepare.inputs)
    assert "farm" in manifest.versions
    assert 0 < manifest.started_us <= manifest.ended_us


def test_a_bad_picture_is_the_users_and_leaves_no_files(prepare, place, clips):
    clips.put_bytes("assets/bad.png", b"this is no picture")
    bad = Work(prepare.task, 2, {"still": "assets/bad.png"})
    manifest = run(bad, place)
    assert (manifest.state, manifest.failure) == (AttemptState.FAILED, FailureKind.INPUT)
    assert not manifest.files
    assert manifest.message
    assert "Traceback" in manifest.traceback
    assert stored(clips, bad) == manifest


def test_a_bug_keeps_its_name_and_traceback(place):
    task = Task.of(project="p", stage="select", version=1, params=SelectParams(takes=(1,)).content())
    manifest = run(Work(task, 1, {}), place)
    assert manifest.failure is FailureKind.BUG
    assert manifest.message.startswith("KeyError")


def test_a_missing_input_is_told_by_its_key(prepare, place):
    manifest = run(Work(prepare.task, 3, {"still": "assets/gone.png"}), place)
    assert manifest.state is AttemptState.FAILED
    assert "assets/gone.png" in manifest.message


def test_a_cancelled_attempt_is_no_failure(prepare, place):
    cancelled = Event()
    cancelled.set()
    manifest = run(prepare, place, cancelled)
    assert (manifest.state, manifest.failure) == (AttemptState.CANCELLED, None)


def test_the_scratch_folder_is_gone_afterwards(prepare, place, tmp_path):
    run(prepare, place)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("prepare-")]


def test_without_storage_the_attempt_never_happened(prepare, place, monkeypatch):
    def refuse(key, data):
        raise StorageError("the bucket is away")

    monkeypatch.setattr(ClipStore, "put_bytes", lambda self, key, data: refuse(key, data))
    with pytest.raises(StorageError, match="the bucket is away"):
        run(prepare, place)


def test_inputs_are_fetched_once_per_machine(prepare, place, monkeypatch):
    fetched: list[str] = []
    fetch = ClipStore.fetch

    def counting(self: ClipStore, key: str, target: Path) -> None:
        fetched.append(key)
        fetch(self, key, target)

    monkeypatch.setattr(ClipStore, "fetch", counting)
    run(prepare, place)
    run(Work(prepare.task, 2, prepare.inputs), place)
    assert fetched == ["assets/in.png"]


def test_a_journal_note_stands_for_all_attempts(prepare, place, tmp_path):
    first = AttemptContext(prepare, place, lambda fraction: None, Event())
    second = AttemptContext(Work(prepare.task, 2, {}), place, lambda fraction: None, Event())
    assert first.journal("request", {"id": "abc"}) == {"id": "abc"}
    assert second.journal("request", {"id": "other"}) == {"id": "abc"}


def test_the_context_hears_of_cancellation(prepare, place, tmp_path):
    cancelled = Event()
    ctx = AttemptContext(prepare, place, lambda fraction: None, cancelled)
    ctx.check()
    cancelled.set()
    with pytest.raises(Cancelled):
        ctx.check()


def test_working_alone_means_every_core(prepare, place, tmp_path):
    alone = Work(prepare.task, 1, {}, alone=True)
    contexts = [AttemptContext(work, place, lambda fraction: None, Event()) for work in (prepare, alone)]
    assert [ctx.threads for ctx in contexts] == [1, 2]


def test_a_select_reads_what_a_score_wrote(place, clips):
    clips.put_bytes("score/1.json", json.dumps(SCORE | {"take": 1}).encode())
    task = Task.of(project="p", stage="select", version=1, params=SelectParams(takes=(1,)).content())
    manifest = run(Work(task, 1, {"score_1": "score/1.json"}), place)
    assert manifest.facts["chosen"] == [1], manifest.message


def test_what_an_attempt_stored_is_read_from_this_machine(prepare, place, monkeypatch):
    first = run(prepare, place)
    monkeypatch.setattr(ClipStore, "fetch", lambda *_: pytest.fail("read from storage"))
    again = run(Work(prepare.task, 2, {"still": first.files["still"].key}), place)
    assert again.done, again.message


def test_no_manifest_is_written_by_who_may_not_any_more(prepare, place, clips):
    class TooLate(Exception):
        pass

    def shut() -> None:
        raise TooLate

    place.writing = shut
    with pytest.raises(TooLate):
        run(prepare, place)
    assert not clips.exists(manifest_key("p", prepare.task.id, 1))


def test_stages_can_be_named_beside_the_chain(place):
    place.stages = {"mine": "farm.chain:STAGES"}
    manifest = run(Work(Task.of(project="p", stage="mine", version=1, params={}), 1), place)
    assert "entry" in manifest.message  # a table of stages is no stage


def test_a_worker_alone_is_a_gang_of_one(place):
    assert place.gang.broadcast("dataclasses:is_dataclass") == [True]
    with pytest.raises(ZeroDivisionError), place.gang.beside("no.such:entry"):
        _ = 1 // 0
    assert not place.gang.spoilt
    place.gang.spoil()
    assert place.gang.spoilt


@pytest.mark.parametrize("revision", ["as planned", "another"])
def test_a_worker_upscales_with_the_very_upscaler_that_was_planned(place, clips, tmp_path, revision):
    take = tmp_path / "take.mkv"
    with Encoder([Target(take, MEZZANINE)], width=32, height=18, fps=Fraction(24)) as encoder:
        encoder.write(np.full((18, 32, 3), 90, np.uint8))
    clips.put_file("take.mkv", take)
    planned = upscaler("lanczos").revision if revision == "as planned" else "of yesterday"
    asked = UpscaleParams(upscaler="lanczos", revision=planned, width=64, height=36, frames=1)
    task = Task.of(project="p", stage="upscale", version=1, params=asked.content())

    manifest = run(Work(task, 1, {"mezzanine": "take.mkv"}), place)

    if revision == "as planned":
        assert sorted(manifest.files) == ["mezzanine", "proxy"]
        assert list(place.enlargers) == [("lanczos", "1")]
    else:
        assert manifest.failure is FailureKind.INPUT
        assert "another lanczos: its revision is 1, and of yesterday was planned" in manifest.message


# -- weights on demand --------------------------------------------------------------------------------------------


def test_loras_of_a_take_are_here_before_its_model_is_asked(clips, tmp_path):
    """The registry was opened before they came; it finds them all the same."""
    wan = kept_models.keep(tmp_path / "shared", "house-wan", {"a.json": b"{}"})
    lora = kept_models.keep(tmp_path / "shared", "slow", {"slow.safetensors": b"x"}, kind=Kind.LORA, family="wan")
    cache = NodeCache(FolderSource(tmp_path / "shared"), tmp_path / "node")
    cache.bring("house-wan")
    registry = Registry(tmp_path / "node")
    assert not registry.adapter("house-wan").loras  # read before
    place = Workplace("w", "n", clips, tmp_path, threads=1, cores=1, registry=registry, bring=cache.bring)
    options = {"lora_1": f"slow:0.8:/{lora.fingerprint[:16]}", "num_inference_steps": 2}
    task = Task.of(project="p", stage="generate", version=1, params={"model": "house-wan", "options": options})
    model = AttemptContext(Work(task, 1), place, lambda fraction: None, Event()).model("house-wan")
    (found,) = loras.files(options, model.loras)
    assert found.file.read_bytes() == b"x"
    for path in (found.file, model.weights):
        assert tmp_path / "node" in path.parents
    assert wan.folder != model.weights


def test_an_upscaler_is_here_before_it_is_opened(clips, tmp_path):
    kept_models.keep(tmp_path / "shared", "x4plus", {"x4plus.safetensors": b"x"}, kind=Kind.UPSCALER)
    cache = NodeCache(FolderSource(tmp_path / "shared"), tmp_path / "node")
    registry = Registry(tmp_path / "node")
    place = Workplace("w", "n", clips, tmp_path, threads=1, cores=1, registry=registry, bring=cache.bring)
    with pytest.raises(InputError, match="this machine has another x4plus"):
        place.upscaler("x4plus", "planned with another")
    assert cache.whole == {"x4plus"}
    assert place.upscaler("lanczos", "1")
