"""Opening a checkpoint of an upscaling network without running what is in it.

    .safetensors ──▶ tensors ─┐
    .pth, .pt ──weights only──▶ tensors ──▶ which network is it? ──▶ one that takes and gives RGB, and enlarges

A .pth file is a pickle, which can hold code: only tensors and plain containers are read, and anything else is refused
without being run. Which network it is, spandrel tells from the names and shapes of the tensors: Real-ESRGAN's RRDBNet
and SRVGGNetCompact, SwinIR, HAT, SPAN, DAT and their kin. Every way in which a file can be of no use becomes an
`InputError` that names the file and what to do.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from spandrel import (
    MAIN_REGISTRY,
    ImageModelDescriptor,
    UnsupportedModelError,
    canonicalize_state_dict,
)

from farm.errors import InputError

_AGAIN = "fetch it again from where it was published"
_OTHER = "put the weights of an upscaling network such as RealESRGAN_x4plus there"

_CODE = ("GLOBAL", "Can only create", "Can only build", "Trying to call reduce")
"""In the words of torch's reader: the pickle asks for something that is no tensor, or to call something."""

Network = ImageModelDescriptor[torch.nn.Module]


def load(path: Path) -> Network:
    """The network of a checkpoint, in fp32 on the CPU. Raises `InputError`."""
    try:
        tensors = canonicalize_state_dict(_read(path))
        _check_tensors(tensors, path)
        found = MAIN_REGISTRY.load(tensors)
    except UnsupportedModelError:
        raise InputError(f"{path} holds no upscaling network that is known here ({_OTHER})") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError, AssertionError) as error:
        # spandrel guesses by a few names, and builds the network by shapes: what fits the guess alone fails anyhow
        raise InputError(f"{path} holds weights that fit no network: {_first_line(error)} ({_OTHER})") from error
    return _checked(found, path)


def _read(path: Path) -> dict[str, Any]:
    try:
        read = load_file(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except FileNotFoundError:
        raise InputError(f"{path} is not there (put the checkpoint there, or name another upscaler)") from None
    except (SafetensorError, EOFError, OSError) as error:
        raise InputError(f"{path} is damaged or cut short: {_first_line(error)} ({_AGAIN})") from error
    if not isinstance(read, Mapping):
        raise InputError(f"{path} holds {type(read).__name__}, and no weights ({_OTHER})")
    return dict(read)


def _read_pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # advice to the file's author
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if any(word in str(error) for word in _CODE):
            raise InputError(
                f"{path} holds more than weights: code that would run when it is opened, and was not run "
                "(save its state dict alone, best as .safetensors)"
            ) from error
        raise InputError(
            f"{path} cannot be read as weights: it is damaged, or no checkpoint, or a pickle that could hold code, "
            f"of which nothing was run ({_AGAIN}, best as .safetensors)"
        ) from error
    except RuntimeError as error:
        if "TorchScript" in str(error):
            raise InputError(f"{path} is a TorchScript program (save its state dict, best as .safetensors)") from error
        raise InputError(f"{path} is damaged or cut short ({_AGAIN})") from error


def _check_tensors(tensors: Mapping[str, Any], path: Path) -> None:
    strange = [name for name, value in tensors.items() if not isinstance(value, torch.Tensor)]
    if strange or not tensors:
        what = f'"{strange[0]}" beside weights' if strange else "no weights"
        raise InputError(f"{path} holds {what} ({_OTHER})")


def _checked(found: object, path: Path) -> Network:
    if not isinstance(found, ImageModelDescriptor):
        raise InputError(f"{path} holds a network that fills in masked parts, and does not enlarge ({_OTHER})")
    kind = f"{found.architecture.name}, {found.purpose}, {found.scale}x"
    if found.scale < 2 or found.purpose != "SR":
        raise InputError(f"{path} holds a network that does not enlarge ({kind}): {_OTHER}")
    if (found.input_channels, found.output_channels) != (3, 3):
        channels = f"takes {found.input_channels} channels and gives {found.output_channels}"
        raise InputError(f"{path} holds a network that {channels}, not RGB ({kind}): {_OTHER}")
    return found.eval()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__} {lines[0]}" if lines else type(error).__name__
