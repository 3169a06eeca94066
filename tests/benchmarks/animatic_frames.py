"""How fast and how steady the animatic model pushes in, against ffmpeg's `zoompan` doing the same move.

    the same 1080p still, the same eased push ──▶ ours (mesh warp with parallax) ┐
                                              ──▶ zoompan                        ├─▶ the same encoder ──▶ seconds
                                              ──▶ scale to 8000 px, zoompan      ┘   frames alone     ──▶ jitter

One core, so that processor seconds are what a move costs (the wall clock of a shared machine would measure its other
guests); runs are taken in turns, ratios are medians of pairs. Ours counts reading the still, looking for depth and
every frame, not the import of Python modules, which a worker does once. Jitter: about a hundred points are followed
through the frames (Lucas-Kanade, large windows); what a local cubic fit leaves of each track is not camera, but jitter.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from skimage import data
from sklearn.datasets import load_sample_images
from trial_attempt import TrialAttempt

from farm.cluster.attempt import Alone
from farm.models.animatic import ADAPTER
from farm.models.spec import Placement, Request
from farm.shots.amounts import displacement
from farm.shots.intent import Camera, CameraMove, MotionIntent

WIDTH, HEIGHT, FRAMES, FPS = 1920, 1080, 96, 24
ROUNDS = 3
JITTER_FRAMES = 72
ENCODERS = {
    "review (x264 medium crf 18)": ("-pix_fmt", "yuv420p", "-preset", "medium", "-crf", "18"),
    "proxy (x264 veryfast crf 23)": ("-pix_fmt", "yuv420p", "-preset", "veryfast", "-crf", "23"),
    "mezzanine (x264 ultrafast qp 0 4:4:4)": ("-pix_fmt", "yuv444p", "-preset", "ultrafast", "-qp", "0"),
}
PUSH = CameraMove(kind=Camera.PUSH)
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def make_still(path: Path) -> None:
    """A 1920x1080 board of six real photographs, each at its native resolution: real detail in every pixel."""
    china, flower = load_sample_images().images
    photos = [china, data.astronaut(), flower, data.coffee(), data.chelsea(), data.rocket()]
    tiles = [_cover(photo, 640, 540) for photo in photos]
    board = np.vstack([np.hstack(tiles[:3]), np.hstack(tiles[3:])])
    cv2.imwrite(str(path), cv2.cvtColor(board, cv2.COLOR_RGB2BGR))


def _cover(photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    factor = max(width / photo.shape[1], height / photo.shape[0])
    size = (max(width, round(photo.shape[1] * factor)), max(height, round(photo.shape[0] * factor)))
    return cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC)[:height, :width]


def ours(still: Path) -> Iterator[NDArray[np.uint8]]:
    """Our frames of the push."""
    request = Request(
        start=still,
        intent=MotionIntent(phases=((PUSH,),)),
        width=WIDTH,
        height=HEIGHT,
        frames=FRAMES,
        fps=Fraction(FPS),
        seed=1,
    )
    return iter(ADAPTER.open(Alone(Placement(threads=1)), ADAPTER.lane).generate(request, TrialAttempt()))


def zoompan(upscaled: bool) -> str:
    """A filter of the same amount and the same ease; `on` counts output frames."""
    amount = displacement(PUSH, FRAMES / FPS).log_scale
    when = f"(on/{FRAMES - 1})"
    rise, peak = 0.3, 1.0 / 0.7
    swell, fade = f"({when}/{rise})", f"((1-{when})/{rise})"
    ramp = "(pow({0},3)-pow({0},4)/2)"
    ease = (
        f"if(lt({when},{rise}),{peak * rise}*{ramp.format(swell)},"
        f"if(gt({when},{1 - rise}),1-{peak * rise}*{ramp.format(fade)},{peak}*({when}-{rise / 2})))"
    )
    window = "x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)'"
    filter_ = f"zoompan=z='exp({amount}*{ease})':d={FRAMES}:{window}:s={WIDTH}x{HEIGHT}:fps={FPS}"
    return f"scale=8000:-1,{filter_}" if upscaled else filter_


def _ffmpeg_input(still: Path, upscaled: bool) -> list[str]:
    single = ("-threads", "1", "-filter_threads", "1")
    return [FFMPEG, "-v", "error", "-nostdin", *single, "-i", str(still), "-vf", zoompan(upscaled)]


def _encode_ours(still: Path, encoder: tuple[str, ...], out: Path) -> None:
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-")
    command = [FFMPEG, "-v", "error", "-y", *raw, "-c:v", "libx264", *encoder, "-threads", "1", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for frame in ours(still):
            process.stdin.write(frame.data)
    assert process.returncode == 0


def _encode_zoompan(still: Path, upscaled: bool, encoder: tuple[str, ...], out: Path) -> None:
    command = [*_ffmpeg_input(still, upscaled), "-c:v", "libx264", *encoder, "-threads", "1", "-y", str(out)]
    subprocess.run(command, check=True)


def _only_frames(still: Path, upscaled: bool) -> None:
    subprocess.run([*_ffmpeg_input(still, upscaled), "-f", "null", "-"], check=True)


def _seconds(work: Callable[[], object]) -> float:
    """Processor seconds of this process and its children."""
    start = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - start


def race(still: Path, encoder: tuple[str, ...] | None, folder: Path) -> dict[str, float]:
    """Median seconds of each, and median ratios of runs made in turns; above 1 ours is faster."""
    out = folder / "clip.mp4"
    runners: dict[str, Callable[[], object]] = {
        "ours": lambda: _encode_ours(still, encoder, out) if encoder else [None for _ in ours(still)],
        "zoompan": lambda: _encode_zoompan(still, False, encoder, out) if encoder else _only_frames(still, False),
        "upscaled": lambda: _encode_zoompan(still, True, encoder, out) if encoder else _only_frames(still, True),
    }
    runs = [{name: _seconds(work) for name, work in runners.items()} for _ in range(ROUNDS)]
    median = {f"{name}_s": statistics.median(run[name] for run in runs) for name in runners}
    ratios = {
        f"against_{name}": statistics.median(run[name] / run["ours"] for run in runs)
        for name in ("zoompan", "upscaled")
    }
    return {name: round(value, 3) for name, value in (median | ratios).items()}


def jitter_px(frames: Iterator[NDArray[np.uint8]]) -> float:
    """What a local cubic fit leaves of a followed point, root mean square in pixels; the median over all points."""
    before = next(frames)
    points = cv2.goodFeaturesToTrack(before, 120, 0.02, 90)
    points = points[(np.abs(points[:, 0] - (WIDTH / 2, HEIGHT / 2)) < (WIDTH * 0.4, HEIGHT * 0.4)).all(axis=1)]
    tracks, kept = [points], np.ones(len(points), bool)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    for frame in frames:
        points, found, _ = cv2.calcOpticalFlowPyrLK(before, frame, points, None, winSize=(41, 41), criteria=stop)
        kept &= found[:, 0] == 1
        tracks.append(points)
        before = frame
        if len(tracks) == JITTER_FRAMES:
            break
    steps = np.diff(np.stack(tracks)[:, kept, 0], axis=0)
    window = 13
    left = [
        part - np.polynomial.polynomial.polyval(span, np.polynomial.polynomial.polyfit(span, part, 3)).T
        for start in range(0, len(steps) - window, window)
        for part in [steps[start : start + window].reshape(window, -1)]
        for span in [np.linspace(-1.0, 1.0, window)]
    ]
    return float(np.median(np.sqrt(np.mean(np.concatenate(left) ** 2, axis=0))))


def _zoompan_grey(still: Path, upscaled: bool) -> Iterator[NDArray[np.uint8]]:
    command = [*_ffmpeg_input(still, upscaled), "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        while chunk := process.stdout.read(WIDTH * HEIGHT):
            yield np.frombuffer(chunk, np.uint8).reshape(HEIGHT, WIDTH)


def run() -> dict[str, object]:
    """Seconds, ratios and jitter."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(Path(folder))
    finally:
        os.sched_setaffinity(0, cores)


def _measure(folder: Path) -> dict[str, object]:
    still = folder / "still.png"
    make_still(still)
    speed = {name: race(still, encoder, folder) for name, encoder in ENCODERS.items()}
    speed["frames alone"] = race(still, None, folder)
    jitter = {
        "ours": jitter_px(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in ours(still)),
        "zoompan": jitter_px(_zoompan_grey(still, False)),
        "upscaled": jitter_px(_zoompan_grey(still, True)),
    }
    return {"frames": FRAMES, "size": [WIDTH, HEIGHT], "speed": speed, "jitter_px": jitter}


def table(result: dict[str, object]) -> str:
    """The result for people."""
    speed, jitter = result["speed"], result["jitter_px"]
    assert isinstance(speed, dict)
    assert isinstance(jitter, dict)
    head = f"{'':40}{'ours':>8}{'zoompan':>9}{'8000 px':>9}   ratio to zoompan / to 8000 px"
    rows = [
        f"{name:40}{row['ours_s']:7.2f}s{row['zoompan_s']:8.2f}s{row['upscaled_s']:8.2f}s"
        f"   {row['against_zoompan']:.2f} / {row['against_upscaled']:.2f}"
        for name, row in speed.items()
    ]
    last = f"{'jitter, px rms':40}{jitter['ours']:8.4f}{jitter['zoompan']:9.4f}{jitter['upscaled']:9.4f}"
    return "\n".join([head, *rows, f"{last}   {jitter['ours'] / jitter['zoompan']:.3f} of zoompan's"])
