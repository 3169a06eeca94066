"""Sound files to test with: voices of a kind, clicks at known samples, as any codec writes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.media.ffmpeg import binary

RATE = 48_000


def voice(seconds: float, rate: int = RATE, level: float = 0.05, seed: int = 0) -> NDArray[np.float32]:
    """Noise below some 4 kHz, as of speech, that swells and falls a few times a second, mono; (count,)."""
    time = np.arange(int(seconds * rate)) / rate
    width = rate // 8000
    noise = np.random.default_rng(seed).normal(0, level, time.size + 2 * width - 2)
    window = np.convolve(np.ones(width), np.ones(width)) / width**1.5
    return (np.convolve(noise, window, "valid") * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))).astype(np.float32)


def with_click(samples: NDArray[np.float32], at: int, width: int = 25) -> NDArray[np.float32]:
    """The same with a few samples that stand out, highest at `at`; codecs that lose nothing keep a width of 1 too."""
    clicked = samples.copy()
    clicked[at - width // 2 : at + width // 2 + 1] = 0.9 * np.hanning(width + 2)[1:-1]
    return clicked


def write_sound(path: Path, samples: NDArray[np.float32], rate: int = RATE, codec: str = "pcm_s16le") -> Path:
    """Write mono samples by ffmpeg; the suffix says as what."""
    command = [binary(), "-y", "-loglevel", "error", "-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"]
    subprocess.run([*command, "-c:a", codec, str(path)], input=samples.tobytes(), check=True)
    return path


def loudness(path: Path) -> float:
    """Integrated LUFS of a movie's or file's sound, as ffmpeg's ebur128 reads it back."""
    command = [binary(), "-hide_banner", "-nostats", "-i", str(path), "-vn", "-af", "ebur128", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(said.rsplit("I:", 1)[1].split("LUFS")[0])
