"""Sound kept: the picture of one movie and the sound of another, both as they are, in one file."""

from __future__ import annotations

from pathlib import Path

import ffmpeg

from farm.media.decode import probe
from farm.media.ffmpeg import INPUT_OPTIONS, complaint, file_url, kill, start


def with_sound(picture: Path, source: Path) -> None:
    """Give the Matroska movie `picture` the sound of `source`, bit for bit, where it has any: both begin together.

    Raises `MediaError`, `OutOfSpace`; `picture` is then as it was.
    """
    if not probe(source).has_audio:
        return
    streams = (
        ffmpeg.input(file_url(picture), f="matroska", **INPUT_OPTIONS).video,
        ffmpeg.input(file_url(source), f="matroska", **INPUT_OPTIONS).audio,
    )
    joined = picture.with_name(f"joined-{picture.name}")
    options = {"f": "matroska", "c": "copy", "map_metadata": -1, "fflags": "+bitexact"}
    process, complaints = start(ffmpeg.output(*streams, file_url(joined), **options), threads=1, piped=False)
    try:
        if process.wait() != 0:
            raise complaint(complaints, f"keeping the sound of {source.name}")
        joined.replace(picture)
    finally:
        kill(process)
        complaints.close()
        joined.unlink(missing_ok=True)
