"""Wan's 14B denoiser with random weights: stock diffusers beside the farm's profiles, in one run, without Ray.

    python tests/benchmarks/gpu_generate.py                 one GPU, 832x480 x 81 frames, 50 steps
    python tests/benchmarks/gpu_generate.py --tiny          the same path, small, anywhere

Random weights take as long as trained ones. What is timed is denoising: seconds per step, which are two passes of the
denoiser, once a first take has compiled and warmed up whatever there is. The share of the peak is of bf16 products of
large matrices, measured in the same run; `draft` and `fast` show how near their latents decode to those of `lossless`.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanImageToVideoPipeline, WanTransformer3DModel
from PIL import Image
from skimage.metrics import structural_similarity

from farm.models.diffusion.hooks import denoising
from farm.models.diffusion.loaded import speed_up
from farm.models.diffusion.profiles import PROFILES, Profile

PFLOP_A_STEP = 3.63
"""Of the whole shape at 832x480 x 81 frames, both passes."""


@dataclass(frozen=True)
class Shape:
    """What is made, and by how large a model."""

    width: int
    height: int
    frames: int
    steps: int
    denoiser: dict[str, int]
    vae: dict[str, object]
    text: int


WHOLE = Shape(832, 480, 81, 50, {}, {}, 4096)
TINY = Shape(
    64,
    32,
    5,
    4,
    {
        "num_attention_heads": 2,
        "attention_head_dim": 12,
        "ffn_dim": 32,
        "num_layers": 2,
        "text_dim": 32,
        "freq_dim": 16,
    },
    {"base_dim": 3, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1},
    32,
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    seconds_per_step: float
    speedup: float
    share_of_peak: float | None
    ssim_to_lossless: float | None
    memory_gb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a small model and clip, for trying the benchmark itself")
    parser.add_argument("--steps", type=int, default=0, help="fewer than the shape's, to save time")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    shape = TINY if options.tiny else WHOLE
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.tiny:
        parser.error("the whole shape needs a GPU; --tiny tries the path on a CPU")
    rows = measured(shape, options.steps or shape.steps, device)
    print(f"{torch.cuda.get_device_name() if device == 'cuda' else 'CPU'}, torch {torch.__version__}")
    print(f"{'':12}{'s/step':>10}{'x stock':>10}{'of peak':>10}{'SSIM':>8}{'GB':>8}")
    for row in rows:
        share = f"{row.share_of_peak:.0%}" if row.share_of_peak is not None else "-"
        near = f"{row.ssim_to_lossless:.3f}" if row.ssim_to_lossless is not None else "-"
        print(f"{row.name:12}{row.seconds_per_step:10.3f}{row.speedup:10.2f}{share:>10}{near:>8}{row.memory_gb:8.1f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")


def measured(shape: Shape, steps: int, device: str) -> list[Row]:
    """A row for stock diffusers, and one for each profile."""
    pipe = pipeline(shape, device)
    peak = peak_flops() if device == "cuda" else None
    stock_s, stock_frames, stock_gb = taken(pipe, shape, steps, device)
    rows = [Row("stock", stock_s, 1.0, _share(stock_s, peak, shape), None, stock_gb)]
    lossless: np.ndarray | None = None
    for profile in PROFILES.values():
        speed_up({"transformer": pipe.transformer}, profile, device == "cuda" and profile.name == "lossless")
        seconds, frames, memory_gb = taken(pipe, shape, profile.steps(steps), device)
        lossless = frames if lossless is None else lossless
        near = similarity(stock_frames if profile.name == "lossless" else lossless, frames)
        rows.append(Row(profile.name, seconds, stock_s / seconds, _share(seconds, peak, shape), near, memory_gb))
        _plain(pipe, profile)
    return rows


def pipeline(shape: Shape, device: str) -> WanImageToVideoPipeline:
    """Of random weights, without text encoder: embeddings are random too."""
    torch.manual_seed(0)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    with torch.device(device):
        kept = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        denoiser = WanTransformer3DModel(in_channels=36, out_channels=16, **shape.denoiser)
        torch.set_default_dtype(kept)
        vae = AutoencoderKLWan(**shape.vae)
    pipe = WanImageToVideoPipeline(
        tokenizer=None,
        text_encoder=None,
        vae=vae.eval(),
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
        transformer=denoiser.eval().requires_grad_(False),
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe.to(device)


def taken(pipe: WanImageToVideoPipeline, shape: Shape, steps: int, device: str) -> tuple[float, np.ndarray, float]:
    """Seconds per step of a second take, its frames, and the most memory it took."""
    _take(pipe, shape, min(steps, 2), device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds, frames = _take(pipe, shape, steps, device)
    return seconds, frames, torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else 0.0


def _take(pipe: WanImageToVideoPipeline, shape: Shape, steps: int, device: str) -> tuple[float, np.ndarray]:
    words = torch.Generator("cpu").manual_seed(1)
    asked = {
        name: torch.randn(1, 512, shape.text, generator=words).to(device, pipe.transformer.dtype)
        for name in ("prompt_embeds", "negative_prompt_embeds")
    }
    still = Image.fromarray(np.random.default_rng(0).integers(0, 255, (shape.height, shape.width, 3), np.uint8))
    marks: list[float] = []

    def mark() -> None:
        if device == "cuda":
            torch.cuda.synchronize()
        marks.append(time.perf_counter())

    with torch.inference_mode(), denoising(pipe, seed=7, check=mark):
        output = pipe(
            image=still,
            width=shape.width,
            height=shape.height,
            num_frames=shape.frames,
            num_inference_steps=steps,
            generator=torch.Generator("cpu").manual_seed(7),
            output_type="np",
            **asked,
        )
    return (marks[-1] - marks[0]) / max(1, len(marks) - 1), np.asarray(output.frames[0])


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Mean SSIM over the frames, of pictures between 0 and 1."""
    pairs = zip(one, other, strict=True)
    return float(np.mean([structural_similarity(a, b, channel_axis=2, data_range=1.0) for a, b in pairs]))


def peak_flops(side: int = 8192, times: int = 20) -> float:
    """bf16 operations a second of large matrix products."""
    a, b = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    torch.matmul(a, b)
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        torch.matmul(a, b)
    torch.cuda.synchronize()
    return 2 * side**3 * times / (time.perf_counter() - began)


def _share(seconds_per_step: float, peak: float | None, shape: Shape) -> float | None:
    return None if peak is None or shape is not WHOLE else PFLOP_A_STEP * 1e15 / seconds_per_step / peak


def _plain(pipe: WanImageToVideoPipeline, profile: Profile) -> None:
    """Without the caches of a profile."""
    if profile.first_block_threshold:
        pipe.transformer.disable_cache()


if __name__ == "__main__":
    main()
