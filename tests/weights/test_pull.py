"""Pulling a known checkpoint from a hub on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_server import Hold, HubServer, Repository, commit_of
from tiny_weights import DECOYS, safetensors, text, wan

from farm.errors import InputError, OutOfSpace, StorageError
from farm.models.diffusion.installed import installed
from farm.weights.fetch import SPARE
from farm.weights.hub import Hub
from farm.weights.pull import pull
from farm.weights.turn import turn

NAME = "wan22-5b"
REPOSITORY = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
SHARD = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"
PIPELINE = wan()
WHOLE = sum(map(len, PIPELINE.values()))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_needed_comes_and_is_recorded(server, hub, models, listener):
    record = pull(NAME, models, hub=hub, progress=listener)
    assert contents(models / NAME / "weights") == PIPELINE
    assert server.fetched == set(PIPELINE)
    assert (record.family, record.like, record.licence) == ("wan", NAME, "Apache-2.0")
    assert record.sources == (f"{REPOSITORY}@{commit_of('first')}",)
    assert {file.path: file.sha256 for file in record.files} == {
        path: hashlib.sha256(body).hexdigest() for path, body in PIPELINE.items()
    }
    assert installed(models) == (record,)
    assert listener.parts == [("fetching", WHOLE)]
    assert listener.moved == WHOLE
    assert "licensed as Apache-2.0" in listener.text


def test_the_fingerprint_is_that_of_the_files_alone(server, hub, tmp_path, listener):
    first = pull(NAME, tmp_path / "a", hub=hub, progress=listener)
    server.repositories[REPOSITORY].commit = commit_of("second")
    second = pull(NAME, tmp_path / "b", hub=hub, progress=listener)
    assert first.sources != second.sources
    assert first.fingerprint == second.fingerprint
    server.repositories[REPOSITORY] = Repository(PIPELINE | {"vae/config.json": b"{ }"})
    assert pull(NAME, tmp_path / "c", hub=hub, progress=listener).fingerprint != first.fingerprint


def test_what_is_installed_is_not_pulled_again(server, hub, models, listener):
    record = pull(NAME, models, hub=hub, progress=listener)
    asked = len(server.requests)
    assert pull(NAME, models, hub=hub, progress=listener) == record
    assert len(server.requests) == asked
    assert "is installed already" in listener.text


def test_what_has_lost_a_file_is_pulled_again(server, hub, models, listener):
    record = pull(NAME, models, hub=hub, progress=listener)
    (record.folder / SHARD).unlink()
    server.sent = 0
    assert pull(NAME, models, hub=hub, progress=listener) == record
    assert contents(record.folder) == PIPELINE
    assert server.sent == len(PIPELINE[SHARD]) + len(PIPELINE["model_index.json"])


def test_a_broken_record_is_written_anew(hub, models, listener):
    record = pull(NAME, models, hub=hub, progress=listener)
    (record.home / "model.json").write_text("{")
    assert pull(NAME, models, hub=hub, progress=listener) == record
    assert installed(models) == (record,)


def test_a_variant_is_kept_under_its_plain_name(models, listener):
    files = {
        "model_index.json": text({"_class_name": "StableVideoDiffusionPipeline", "unet": ["diffusers", "UNet"]}),
        "unet/config.json": text({"num_frames": 14}),
        "unet/diffusion_pytorch_model.safetensors": safetensors({"conv_in.weight": (4, 8, 3, 3)}),
        "unet/diffusion_pytorch_model.fp16.safetensors": safetensors({"conv_in.weight": (2, 8, 3, 3)}),
    }
    with HubServer({"stabilityai/stable-video-diffusion-img2vid": Repository(files)}) as server:
        record = pull("svd", models, hub=Hub(server.url), progress=listener)
    weights = contents(models / "svd" / "weights")
    half = files.pop("unet/diffusion_pytorch_model.fp16.safetensors")
    assert weights == files | {"unet/diffusion_pytorch_model.safetensors": half}
    assert "unet/diffusion_pytorch_model.safetensors" in {file.path for file in record.files}


def test_a_checkpoint_of_two_repositories_is_one_folder(models, listener):
    base = {
        "model_index.json": text({"_class_name": "StableDiffusionPipeline", "vae": ["diffusers", "AutoencoderKL"]}),
        "vae/config.json": text({}),
        "vae/diffusion_pytorch_model.safetensors": safetensors({"decoder.weight": (2, 2)}),
    }
    adapter = {
        "config.json": text({"_class_name": "MotionAdapter"}),
        "diffusion_pytorch_model.safetensors": safetensors({"motion.weight": (2, 2)}),
    }
    repositories = {
        "SG161222/Realistic_Vision_V6.0_B1_noVAE": Repository(base),
        "openmmlab/PIA-condition-adapter": Repository(adapter, commit=commit_of("adapter")),
    }
    with HubServer(repositories) as server:
        record = pull("pia", models, hub=Hub(server.url), progress=listener)
    assert contents(record.folder) == base | {f"motion_adapter/{name}": body for name, body in adapter.items()}
    assert [source.partition("@")[0] for source in record.sources] == list(repositories)


# -- broken off, and gone on with -------------------------------------------------------------------------------


def test_a_connection_that_breaks_off_is_gone_on_with(server, hub, models, listener):
    server.breaks[SHARD] = [100]
    pull(NAME, models, hub=hub, progress=listener)
    assert contents(models / NAME / "weights") == PIPELINE
    assert listener.moved == WHOLE


def test_a_killed_pull_goes_on_where_it_was(models, listener):
    """SIGKILL in the middle of a file, through the command itself; the second pull asks for the rest alone."""
    big = PIPELINE | {SHARD: safetensors({"blocks.0.attn1.to_q.weight": (6000, 2000), "blocks.0.norm.weight": (8,)})}
    with HubServer({REPOSITORY: Repository(big | DECOYS)}) as server:
        hold = server.holds[SHARD] = Hold(after=21_500_000)
        process = subprocess.Popen(
            [sys.executable, "-m", "farm", "models", "pull", NAME],
            env=os.environ | {"HF_ENDPOINT": server.url, "FARM_MODELS": str(models)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        part = models / NAME / "weights" / f"{SHARD}.part"
        try:
            assert hold.reached.wait(60)
            until(lambda: part.is_file() and part.stat().st_size >= 20_000_000)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert installed(models) == ()
        hold.released.set()
        server.sent = 0
        record = pull(NAME, models, hub=Hub(server.url), progress=listener)
        whole = sum(map(len, big.values()))
        assert contents(record.folder) == big
        assert listener.moved == whole
        assert server.sent < whole - 20_000_000


@pytest.mark.parametrize("deaf", [False, True], ids=["ranges", "a server that knows no ranges"])
def test_the_rest_of_a_file_is_asked_for(deaf, server, hub, models, listener):
    server.deaf_to_ranges = deaf
    part = models / NAME / "weights" / f"{SHARD}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(PIPELINE[SHARD][:150])
    pull(NAME, models, hub=hub, progress=listener)
    assert contents(models / NAME / "weights") == PIPELINE
    assert listener.moved == WHOLE
    index = len(PIPELINE["model_index.json"])  # read once more, to know what is needed
    assert server.sent == WHOLE + index - (0 if deaf else 150)


def test_what_an_earlier_pull_brought_is_verified_again(server, hub, models, listener):
    weights = models / NAME / "weights"
    vae = "vae/diffusion_pytorch_model.safetensors"
    for name, body in {vae: PIPELINE[vae][:-1] + b"x", "vae/config.json": PIPELINE["vae/config.json"]}.items():
        (weights / name).parent.mkdir(parents=True, exist_ok=True)
        (weights / name).write_bytes(body)
    pull(NAME, models, hub=hub, progress=listener)
    assert contents(weights) == PIPELINE
    assert vae in server.fetched
    assert "vae/config.json" not in server.fetched
    assert listener.moved == WHOLE


def test_a_part_of_something_else_is_thrown_away_and_fetched_anew(server, hub, models, listener):
    part = models / NAME / "weights" / f"{SHARD}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 50)
    pull(NAME, models, hub=hub, progress=listener)
    assert contents(models / NAME / "weights") == PIPELINE
    assert listener.moved == WHOLE


def test_a_part_longer_than_the_file_is_begun_anew(server, hub, models, listener):
    part = models / NAME / "weights" / f"{SHARD}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 100_000)
    pull(NAME, models, hub=hub, progress=listener)
    assert contents(models / NAME / "weights") == PIPELINE


def test_what_another_commit_left_is_swept_away(server, hub, models, listener):
    stale = models / NAME / "weights" / "transformer" / "diffusion_pytorch_model-00003-of-00003.safetensors"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"old")
    pull(NAME, models, hub=hub, progress=listener)
    assert not stale.exists()


def until(condition) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# -- what goes wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [PIPELINE[SHARD][:-2] + b"xx", safetensors({"other": (9,)})], ids=["same size", "other"]
)
def test_a_file_that_is_not_what_is_listed_is_thrown_away(body, server, hub, models, listener):
    server.changed[SHARD] = body
    with pytest.raises(StorageError, match=r"not what its publisher lists|did not come whole"):
        pull(NAME, models, hub=hub, progress=listener)
    assert installed(models) == ()
    assert not (models / NAME / "weights" / SHARD).exists()
    server.changed.clear()
    pull(NAME, models, hub=hub, progress=listener)
    assert contents(models / NAME / "weights") == PIPELINE


def test_a_changed_small_file_is_told_by_what_git_calls_it(server, hub, models, listener):
    server.changed["vae/config.json"] = b" " * len(PIPELINE["vae/config.json"])
    with pytest.raises(StorageError, match=r"vae/config\.json .* is not what its publisher lists"):
        pull(NAME, models, hub=hub, progress=listener)


def test_too_small_a_disk_is_told_before_anything_comes(server, hub, models, listener):
    with pytest.raises(OutOfSpace, match=r"has 100\.0 MB free, and \d+\.\d kB are needed"):
        pull(NAME, models, hub=hub, progress=listener, free=lambda _: SPARE)
    assert server.fetched == {"model_index.json"}


def test_what_is_there_needs_no_room_again(server, hub, models, listener):
    weights = models / NAME / "weights"
    for name, body in PIPELINE.items():
        (weights / name).parent.mkdir(parents=True, exist_ok=True)
        (weights / name).write_bytes(body)
    pull(NAME, models, hub=hub, progress=listener, free=lambda _: 0)


def test_a_licence_that_is_not_allowed_is_told_before_anything_is_asked(server, hub, models, listener):
    with pytest.raises(InputError, match=r"licensed as Apache-2\.0, and the project's licences are MIT"):
        pull(NAME, models, hub=hub, progress=listener, allowed=("MIT",))
    assert not server.requests
    pull(NAME, models, hub=hub, progress=listener, allowed=("MIT", "apache-2.0"))


def test_an_unknown_name_is_told_the_closest(hub, models, listener):
    with pytest.raises(InputError, match=r'no checkpoint "wan22-5B" .*; did you mean "wan22-5b"\?'):
        pull("wan22-5B", models, hub=hub, progress=listener)


@pytest.mark.parametrize("name", ["../wan22-5b", "", "wan22-5b/..", "/etc"])
def test_a_name_that_is_a_path_is_no_name(name, hub, models, listener):
    with pytest.raises(InputError, match="there is no checkpoint"):
        pull(name, models, hub=hub, progress=listener)


@pytest.mark.parametrize("token", ["", "other"])
def test_a_gated_repository_says_what_to_do(token, server, hub, models, listener, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", token)
    server.repositories[REPOSITORY].gated = True
    with pytest.raises(
        InputError, match=rf"is gated: accept its licence at {server.url}/{REPOSITORY}, then set HF_TOKEN"
    ):
        pull(NAME, models, hub=hub, progress=listener)


def test_a_token_opens_a_gated_repository(server, hub, models, listener, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "good")
    server.repositories[REPOSITORY].gated = True
    pull(NAME, models, hub=hub, progress=listener)
    assert contents(models / NAME / "weights") == PIPELINE


def test_a_token_the_hub_does_not_know_is_named(server, hub, models, listener, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "expired")
    with pytest.raises(InputError, match="does not know this HF_TOKEN"):
        pull(NAME, models, hub=hub, progress=listener)


def test_a_repository_that_is_not_there_is_named(server, hub, models, listener):
    server.repositories.clear()
    with pytest.raises(InputError, match=f"has no model {REPOSITORY}, or none for you"):
        pull(NAME, models, hub=hub, progress=listener)


def test_a_hub_that_is_down_is_told(server, hub, models, listener):
    server.broken = 1
    with pytest.raises(StorageError, match="the hub answers 503"):
        pull(NAME, models, hub=hub, progress=listener)
    pull(NAME, models, hub=hub, progress=listener)


def test_a_hub_that_is_not_there_is_told(models, listener):
    with HubServer({}) as gone:
        url = gone.url
    with pytest.raises(StorageError, match=f"{url} cannot be reached"):
        pull(NAME, models, hub=Hub(url), progress=listener)


def test_a_repository_without_an_index_is_no_pipeline(server, hub, models, listener):
    server.repositories[REPOSITORY] = Repository({"wan.safetensors": safetensors({"a": (2,)})})
    with pytest.raises(InputError, match=r"has no model_index\.json"):
        pull(NAME, models, hub=hub, progress=listener)


def test_pickled_weights_are_not_fetched(server, hub, models, listener):
    pickled = {name: body for name, body in PIPELINE.items() if name != "text_encoder/model.safetensors"}
    server.repositories[REPOSITORY] = Repository(pickled | {"text_encoder/pytorch_model.bin": b"\x80\x02"})
    with pytest.raises(InputError, match=r"text_encoder: its weights are pickled \(pytorch_model\.bin\)"):
        pull(NAME, models, hub=hub, progress=listener)


def test_weights_published_cut_short_are_not_installed(server, hub, models, listener):
    server.repositories[REPOSITORY] = Repository(PIPELINE | {SHARD: PIPELINE[SHARD][:-4]})
    with pytest.raises(InputError, match="is cut short"):
        pull(NAME, models, hub=hub, progress=listener)
    assert installed(models) == ()


def test_one_at_a_time(hub, models, listener):
    with (
        turn(models, NAME),
        pytest.raises(StorageError, match=rf"{NAME} is being pulled, .* by process {os.getpid()} on "),
    ):
        pull(NAME, models, hub=hub, progress=listener)
    pull(NAME, models, hub=hub, progress=listener)


def test_two_processes_pull_once(server, hub, models, listener):
    """The second says who is at it; what it leaves alone comes out whole."""
    hold = server.holds[SHARD] = Hold(after=40)
    first = subprocess.Popen(
        [sys.executable, "-m", "farm", "models", "pull", NAME],
        env=os.environ | {"HF_ENDPOINT": server.url, "FARM_MODELS": str(models)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert hold.reached.wait(60)
        with pytest.raises(StorageError, match=f"by process {first.pid} on "):
            pull(NAME, models, hub=hub, progress=listener)
        hold.released.set()
        said, _ = first.communicate(timeout=300)
    finally:
        first.kill()
    assert first.returncode == 0, said
    assert contents(models / NAME / "weights") == PIPELINE


def test_offline_is_one_clear_line(server, models):
    done = subprocess.run(
        [sys.executable, "-m", "farm", "models", "pull", NAME],
        env=os.environ | {"HF_ENDPOINT": server.url, "FARM_MODELS": str(models), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be pulled: HF_HUB_OFFLINE is set" in done.stderr
    assert "Traceback" not in done.stderr
    assert not server.requests


def test_the_record_is_plain_json(hub, models, listener):
    pull(NAME, models, hub=hub, progress=listener)
    record = json.loads((models / NAME / "model.json").read_text())
    assert record["schema_version"] == 1
    assert record["weights"] == "weights"
    assert "home" not in record
