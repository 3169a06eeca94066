"""Finishing a long clip takes no more memory than a short one: the peak of a process that does one after the other."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest
import torch
from safetensors.torch import save_file
from shelved import shelve_upscaler
from spandrel.architectures.Compact import Compact

from farm.media import MEZZANINE, Encoder, Target

SHORT, LONG = 6, 32
SIZE = (240, 136)
FRAME_MB = 2 * SIZE[0] * 2 * SIZE[1] * 3 / 1e6
"""Of what is left: twice as wide and high, or twice as many of a quarter."""
GROWTH_MB = 5

CODE = """
import sys
from fractions import Fraction
from pathlib import Path
from farm.chain import ConformParams, InterpolateParams, UpscaleParams
from farm.conform import conform as planned
from farm.models.enhance import interpolator, upscaler
from farm.models.spec import Placement
from farm.shots.model import DurationFit
from farm.stages import conform, interpolate, upscale

what, folder = sys.argv[1], Path(sys.argv[2])

class Context:
    threads = 1
    def __init__(self, length):
        self.scratch = folder / f"{what}-{length}"
        self.scratch.mkdir()
    def upscaler(self, name, revision):
        return upscaler(name, folder).open(Placement())
    def interpolator(self, name, revision):
        return interpolator(name).open(Placement())
    def progress(self, fraction): pass
    def check(self): pass

def peak_mb():
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000

for length in map(int, sys.argv[3:]):
    if what == "flow":
        asked = dict(interpolator=what, revision="1", width=240, height=136, frames=2 * length, fps=Fraction(24))
        interpolate.run({"mezzanine": folder / f"{length}.mkv"}, InterpolateParams(**asked), Context(length))
    elif what == "back":
        plan = planned(DurationFit.EXTEND, length, Fraction(12), 8 * length, Fraction(24), smooth=False)
        asked = dict(width=240, height=136, frames=8 * length, fps=plan.fps, source_frames=length, done=plan.done)
        asked |= dict(source_fps=plan.source_fps, step=plan.step, ease=plan.ease)
        conform.run({"mezzanine": folder / f"{length}.mkv"}, ConformParams(**asked), Context(length))
    else:
        asked = dict(upscaler=what, revision="1", width=480, height=272, frames=length)
        upscale.run({"mezzanine": folder / f"{length}.mkv"}, UpscaleParams(**asked), Context(length))
    print(peak_mb())
"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory, photo):
    """A pan at 12 fps, short and long, and a small network."""
    folder = tmp_path_factory.mktemp("clips")
    still = photo("coffee.png")
    for length in (SHORT, LONG):
        with Encoder(
            [Target(folder / f"{length}.mkv", MEZZANINE)], width=SIZE[0], height=SIZE[1], fps=Fraction(12)
        ) as to:
            for number in range(length):
                to.write(still[60 : 60 + SIZE[1], 2 * number : 2 * number + SIZE[0]].copy())
    torch.manual_seed(0)
    path = folder / "tiny.safetensors"
    save_file(Compact(num_feat=4, num_conv=1, upscale=2).state_dict(), path)
    shelve_upscaler(folder, path)
    return folder


@pytest.mark.parametrize("what", ["lanczos", "tiny", "flow", "back"])
def test_the_peak_does_not_grow_with_the_clip(clips, what):
    command = [sys.executable, "-c", CODE, what, str(clips), str(SHORT), str(LONG)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    short, long = map(float, done.stdout.split())
    assert long - short < GROWTH_MB < (LONG - SHORT) * FRAME_MB / 2
