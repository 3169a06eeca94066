"""Running ffmpeg: which binary, how paths reach it, and what its complaints mean.

The process's stderr goes to an unnamed temporary file: nothing has to be drained, and its tail makes the error, or a
warning where it went on. The command is in the attempt's log.
"""

from __future__ import annotations

import logging
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import IO, Any

import ffmpeg
import imageio_ffmpeg

from farm.errors import MediaError, OutOfSpace

logger = logging.getLogger(__name__)

STDERR_TAIL = 2000
"""Bytes of ffmpeg's last words that an error carries."""

PIPE_BYTES = 1 << 20
"""Room in the pipe, so that writer and encoder overlap."""

INPUT_OPTIONS: Mapping[str, str] = {"protocol_whitelist": "file,pipe"}
"""For every input: it may open files and pipes, and nothing it names may open anything else."""


@cache
def binary() -> str:
    """The machine's own ffmpeg, or else the one that imageio-ffmpeg brings. `MediaError` when there is neither."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise MediaError("no ffmpeg was found: install one, or the package imageio-ffmpeg") from error


def file_url(path: Path) -> str:
    """`path` as ffmpeg may safely be told: no protocol, option or pattern can hide in it."""
    return f"file:{path.absolute()}"


def rate(fps: Fraction) -> str:
    """An exact rate in ffmpeg's form: "24000/1001"."""
    return f"{fps.numerator}/{fps.denominator}"


def start(
    outputs: Any, *, threads: int, piped: bool, loglevel: str = "error"
) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """Start one ffmpeg on a graph of ffmpeg-python `outputs`. Gives the process and the file its stderr goes to."""
    stream = outputs.global_args(
        "-hide_banner", "-nostdin", "-loglevel", loglevel, "-filter_complex_threads", str(threads)
    )
    command = ffmpeg.compile(stream, cmd=binary(), overwrite_output=True)
    logger.debug("%s", shlex.join(["ffmpeg", *map(str, command[1:])]))
    complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=complaints,
        bufsize=0,
        pipesize=PIPE_BYTES,
    )
    return process, complaints


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process now and wait until it is gone."""
    process.kill()
    process.wait()


def note(complaints: IO[bytes], doing: str) -> None:
    """Log what ffmpeg complained of and went on."""
    if words := _last_words(complaints):
        logger.warning("ffmpeg, while %s:\n%s", doing, words)


def complaint(complaints: IO[bytes], doing: str) -> MediaError | OutOfSpace:
    """The error to raise when ffmpeg ended badly, with its last words."""
    words = _last_words(complaints)
    if "No space left on device" in words or "Disk quota exceeded" in words:
        return OutOfSpace(f"no space left while {doing}")
    return MediaError(f"ffmpeg failed while {doing}: {words or 'it said nothing'}")


def _last_words(complaints: IO[bytes]) -> str:
    size = complaints.seek(0, 2)
    complaints.seek(max(0, size - STDERR_TAIL))
    return complaints.read().decode(errors="replace").strip()
