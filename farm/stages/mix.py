"""mix: the assembled movie gets its sound; its picture is copied, so that other music re-renders nothing.

    sound_{i} ──at its shot's first frame──▶ shots ─────────────────────────────┐
    music ─────faded, over its part of the cut──▶ `UNDER_LU` below the shots ───┴▶ levelled ─▶ the movie

Every sound begins at the sample nearest to its frame, counted from the start of the cut. Where neither is heard there
is silence. Whatever else `assemble` left goes through as it is, so that one folder holds the animatic.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

from farm.chain import Cue, MixParams
from farm.media import REVIEW, probe
from farm.media.loudness import level
from farm.media.mux import write_with_sound
from farm.media.track import CHANNELS, RATE, Track, sample_at
from farm.stages.deliver import as_asked
from farm.stages.sound import UNDER_LU, loudness_facts
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

MOVIE = "movie"


def run(inputs: Mapping[str, Path], params: MixParams, ctx: Context) -> Outputs:
    """Mix the cut's sound. Raises `InputError` for music that is none, `MediaError`, `OutOfSpace`, `Cancelled`."""
    total = sample_at(params.frames, params.fps)
    mixed = Track.silent(ctx.scratch / "mixed.f32", total)
    _lay(mixed, params.shots, inputs, params.fps, ctx)
    ctx.progress(0.3)
    if params.music:
        music = Track.silent(ctx.scratch / "music.f32", total)
        _lay(music, params.music, inputs, params.fps, ctx)
        level(music, params.loudness_lufs - (0.0 if mixed.is_silent else UNDER_LU))
        mixed.add(music)
        music.path.unlink()
    heard = level(mixed, params.loudness_lufs)
    ctx.check()
    ctx.progress(0.7)
    movie = ctx.scratch / inputs[MOVIE].name
    before = probe(inputs[MOVIE])
    write_with_sound(inputs[MOVIE], movie, REVIEW, mixed.path, RATE, CHANNELS)
    mixed.path.unlink()
    as_asked(probe(movie), before.width, before.height, params.frames, params.fps, movie.name)
    ctx.progress(1.0)
    cues = {cue.source for cue in (*params.shots, *params.music)}
    files = {MOVIE: Output(movie, FileClass.DELIVERABLE)}
    for name, path in inputs.items():
        if name not in cues and name != MOVIE:
            shutil.copyfile(path, ctx.scratch / path.name)
            files[name] = Output(ctx.scratch / path.name, FileClass.DELIVERABLE)
    return Outputs(files, {"frames": params.frames, "sounds": len(cues), **loudness_facts(heard)})


def _lay(track: Track, cues: Iterable[Cue], inputs: Mapping[str, Path], fps: Fraction, ctx: Context) -> None:
    """Put every sound where it is due."""
    for cue in cues:
        ctx.check()
        start, end = sample_at(cue.at, fps), sample_at(cue.at + cue.frames, fps)
        track.lay(
            inputs[cue.source],
            start,
            end - start,
            skip=sample_at(cue.skip, fps),
            fade_in=sample_at(cue.fade_in, fps),
            fade_out=sample_at(cue.fade_out, fps),
        )
