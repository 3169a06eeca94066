"""Stages for drills: they do nothing, take long, fail, die, or call on their gang. Imported by workers by name."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.chain import Params, StageSpec
from farm.models.spec import Placement
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

DRILLS = (
    "noop write read work wait hand_over hoard eat crash note linger hog family together summed long_together speak"
)
STAGES = {name: f"drill:{name.upper()}" for name in DRILLS.split()}
"""For `WorkerSetup.stages`."""


class DrillParams(Params):
    n: int = 0
    """Tells tasks apart."""
    seconds: float = 0.0
    folder: str = ""
    """Where a stage leaves signs of what it did."""
    bytes: int = 0


def noop(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    return Outputs({}, {"n": params.n})


def write(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Leave a file of `bytes` bytes."""
    path = ctx.scratch / "made.bin"
    path.write_bytes(bytes([params.n % 256]) * params.bytes)
    return Outputs({"made": Output(path, FileClass.MEZZANINE)})


def read(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    return Outputs({}, {"bytes": {name: path.stat().st_size for name, path in inputs.items()}})


def work(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Take `seconds`, telling how far it is fifty times a second, stopping when asked to."""
    start = time.monotonic()
    _sign(params, "began", str(os.getpid()))
    while (done := time.monotonic() - start) < params.seconds:
        ctx.check()
        ctx.progress(done / params.seconds)
        time.sleep(0.02)
    return Outputs({}, {})


def wait(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Take until the file `go` lies in the folder."""
    while not Path(params.folder, "go").exists():
        ctx.check()
        time.sleep(0.02)
    return Outputs({}, {})


def hand_over(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Need the worker no more, then take until the file `go` lies in the folder."""
    ctx.release()
    return wait(inputs, params, ctx)


def hoard(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Work with a file in the scratch folder."""
    (ctx.scratch / "hoarded").write_text("much")
    return work(inputs, params, ctx)


def crash(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def eat(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Take `bytes` bytes of memory, a hundredth at a time, so that the worker's other threads are heard of."""
    eaten: list[bytearray] = []
    for _ in range(100):
        eaten.append(bytearray(b"x") * (params.bytes // 100))
        time.sleep(0.05)
    time.sleep(params.seconds)
    return Outputs({}, {"eaten": sum(map(len, eaten))})


def note(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Buy something once, and die after the first purchase."""
    mine = {"bought by": os.getpid()}
    stands = ctx.journal("purchase", mine)
    if stands == mine:
        os.kill(os.getpid(), signal.SIGKILL)
    return Outputs({}, {"stands": dict(stands)})


def linger(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Take `seconds` at the first attempt, and no time at later ones."""
    mine = {"attempt of": os.getpid()}
    if ctx.journal("first", mine) == mine:
        return work(inputs, params, ctx)
    return Outputs({}, {})


def hog(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Hold Python's lock for `seconds`, so that no other thread of this process runs."""
    _sign(params, "began", str(os.getpid()))
    ctypes.PyDLL(None).usleep(int(params.seconds * 1e6))
    return Outputs({}, {})


def family(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Work with a child process."""
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({params.seconds})"])
    _sign(params, "began", f"{os.getpid()} {child.pid}")
    while child.poll() is None:
        time.sleep(0.02)
    return Outputs({}, {})


def together(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Ask every rank who it is."""
    return Outputs({}, {"ranks": ctx.gang.broadcast("drill:who"), "world": ctx.gang.placement.world})


def summed(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    return Outputs({}, {"sums": ctx.gang.broadcast("drill:all_reduce", params.n)})


def long_together(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    return Outputs({}, {"ranks": ctx.gang.broadcast("drill:stay", params.seconds, params.folder)})


def speak(inputs: Mapping[str, Path], params: DrillParams, ctx: Context) -> Outputs:
    """Have every rank print, log and warn."""
    ctx.gang.broadcast("drill:say", params.n)
    return Outputs({}, {})


def say(placement: Placement, n: int) -> None:
    print(f"{n} printed")
    logging.getLogger("a.library").warning("%d logged", n)
    warnings.warn(f"{n} deprecated", DeprecationWarning, stacklevel=1)


def who(placement: Placement) -> dict[str, Any]:
    names = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "CUDA_VISIBLE_DEVICES")
    return {
        "pid": os.getpid(),
        "rank": placement.rank,
        "gpus": list(placement.gpus),
        "env": {name: os.environ.get(name, "") for name in names},
    }


def stay(placement: Placement, seconds: float, folder: str) -> int:
    Path(folder, f"rank{placement.rank}").write_text(str(os.getpid()))
    time.sleep(seconds)
    return placement.rank


def all_reduce(placement: Placement, n: int) -> int:
    """The sum over all ranks of (n + rank), through torch.distributed."""
    import torch
    from torch import distributed

    distributed.init_process_group("gloo")
    mine = torch.tensor([n + placement.rank])
    distributed.all_reduce(mine)
    distributed.destroy_process_group()
    return int(mine.item())


def sum_on(placement: Placement, folder: str) -> None:
    """Sums over all ranks without end; each leaves a sign after its first."""
    import torch
    from torch import distributed

    distributed.init_process_group("gloo")
    while True:
        distributed.all_reduce(torch.tensor([placement.rank]))
        sign = Path(folder, f"rank{placement.rank}")
        if not sign.exists():
            sign.with_suffix(".new").write_text(str(os.getpid()))
            sign.with_suffix(".new").rename(sign)
        time.sleep(0.01)


def _sign(params: DrillParams, name: str, text: str) -> None:
    if params.folder:
        path = Path(params.folder, f"{name}.new")
        path.write_text(text)
        path.rename(Path(params.folder, name))


def __getattr__(name: str) -> StageSpec:
    """`drill:NOOP` is the spec of the stage `noop`, and so on."""
    if name.isupper() and name.lower() in globals():
        return StageSpec(1, DrillParams, f"drill:{name.lower()}")
    raise AttributeError(name)
