"""Checkpoints: the networks that are known open; everything else is refused by name, and nothing in it is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from farm.errors import InputError
from farm.models.enhance.checkpoint import load

from .networks import compact, rrdb, saved


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self):
        return os.system, (self._command,)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
@pytest.mark.parametrize(("make", "scale"), [(rrdb, 2), (rrdb, 4), (compact, 2), (compact, 4)])
def test_both_networks_of_real_esrgan_open(tmp_path, make, scale, suffix):
    network = make(scale)
    found = load(saved(network, tmp_path / f"network{suffix}"))
    assert found.scale == scale
    picture = torch.rand(1, 3, 12, 16)
    with torch.inference_mode():
        assert torch.equal(found(picture), network.eval()(picture).clamp(0, 1))


@pytest.mark.parametrize("how", ["zip", "plain"])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path, how):
    path, mark = tmp_path / "evil.pth", tmp_path / "was-run"
    evil = {"params": Malicious(f"touch {mark}")}
    if how == "zip":
        torch.save(evil, path)
    else:
        path.write_bytes(pickle.dumps(evil, protocol=2))

    with pytest.raises(InputError, match=r"evil\.pth holds more than weights: code .* \(save its state dict alone"):
        load(path)

    assert not mark.exists()


def test_a_whole_module_is_refused_as_code(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    with pytest.raises(InputError, match="more than weights"):
        load(tmp_path / "module.pth")


def write_classifier(path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(8, 3, 7, 7), "fc.weight": torch.zeros(10, 8)}, path)


def write_half(path: Path) -> None:
    torch.save({"body.0.weight": torch.zeros(8, 3, 3, 3), "body.1.weight": torch.zeros(8)}, path)


def cut_short(path: Path) -> None:
    saved(compact(2), path)
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("absent.pth", lambda path: None, "is not there"),
        ("absent.safetensors", lambda path: None, "is not there"),
        ("cut.pth", cut_short, "damaged or cut short"),
        ("cut.safetensors", cut_short, "damaged or cut short"),
        ("empty.pth", lambda path: path.write_bytes(b""), "damaged or cut short"),
        ("page.pth", lambda path: path.write_bytes(b"<html>not found</html>"), "cannot be read as weights"),
        ("classifier.safetensors", write_classifier, "no upscaling network that is known"),
        ("half.pth", write_half, "fit no network"),
        ("list.pth", lambda path: torch.save([1, 2], path), "holds list"),
        ("epoch.pth", lambda path: torch.save({"epoch": 3, "step": 4}, path), 'holds "epoch" beside weights'),
        ("grey.safetensors", lambda path: saved(compact(2, channels=1), path), "takes 1 channels"),
        ("denoise.safetensors", lambda path: saved(compact(1), path), "does not enlarge"),
    ],
)
def test_what_cannot_be_used_is_named_with_a_remedy(tmp_path, name, write, words):
    path = tmp_path / name
    write(path)
    with pytest.raises(InputError, match=words) as refused:
        load(path)
    assert name in str(refused.value)
    assert str(refused.value).rstrip().endswith((")", "there"))
