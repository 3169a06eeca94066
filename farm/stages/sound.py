"""sound: the chosen take with its sound, levelled: what the shot brings, over what the take brings itself.

    audio file ──from the cut's first frame──▶ faded, cut or filled ─▶ at the target ──────┐
    take's own ──the cut's part of it────────▶ faded ───────────────▶ `UNDER_LU` below it ─┴▶ levelled ─┬▶ sound
                                               alone: at the target                                     └▶ mezzanine

Sound belongs to the cut: over the handles there is none. The picture is copied as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from farm.chain import SoundParams
from farm.media import MEZZANINE, probe
from farm.media.loudness import Loudness, level, write_flac
from farm.media.mux import write_with_sound
from farm.media.track import CHANNELS, RATE, Track, sample_at
from farm.stages.stage import Context, Output, Outputs
from farm.tasks import FileClass

if TYPE_CHECKING:
    from pydantic import JsonValue

UNDER_LU = 12.0
"""How far below the shot's sound its take's own lies."""
FADE = RATE // 100
"""Samples over which sound comes and goes at the ends of the cut, so that it does not click."""


def run(inputs: Mapping[str, Path], params: SoundParams, ctx: Context) -> Outputs:
    """Give one take its sound. Raises `InputError` for a file that is none, `MediaError`, `OutOfSpace`, `Cancelled`."""
    source, audio = inputs["mezzanine"], inputs.get("audio")
    facts = probe(source)
    count = sample_at(params.frames, params.fps)
    mixed = Track.silent(ctx.scratch / "mixed.f32", count)
    brought = 0
    if audio is not None:
        brought = mixed.lay(audio, 0, count, fade_in=FADE, fade_out=FADE)
        level(mixed, params.loudness_lufs)
    ctx.check()
    ctx.progress(0.3)
    if facts.has_audio:
        own = Track.silent(ctx.scratch / "own.f32", count)
        own.lay(source, 0, count, skip=sample_at(params.skip, facts.fps), fade_in=FADE, fade_out=FADE)
        level(own, params.loudness_lufs - (UNDER_LU if audio else 0.0))
        mixed.add(own)
        own.path.unlink()
    heard = level(mixed, params.loudness_lufs)
    ctx.check()
    ctx.progress(0.6)
    files = {
        "mezzanine": Output(_beside(source, mixed, params, ctx), FileClass.MEZZANINE),
        "sound": Output(ctx.scratch / "sound.flac", FileClass.MEZZANINE),
    }
    write_flac(mixed, files["sound"].path)
    mixed.path.unlink()
    ctx.progress(1.0)
    own_place = "none" if not facts.has_audio else "under" if audio else "alone"
    told: dict[str, JsonValue] = {"own_sound": own_place, **loudness_facts(heard)}
    return Outputs(files, told | {"audio_s": round(brought / RATE, 4), "cut_s": round(count / RATE, 4)})


def loudness_facts(heard: Loudness) -> dict[str, JsonValue]:
    """How loud it came out; null where there is nothing to hear."""
    if heard.is_none:
        return {"lufs": None, "true_peak_dbtp": None}
    return {"lufs": round(heard.integrated_lufs, 2), "true_peak_dbtp": round(heard.peak_dbtp, 2)}


def _beside(source: Path, mixed: Track, params: SoundParams, ctx: Context) -> Path:
    """The mezzanine with the sound from the cut's first frame on."""
    made = ctx.scratch / "mezzanine.mkv"
    if mixed.is_silent:
        shutil.copyfile(source, made)
        return made
    facts = probe(source)
    whole = Track.silent(ctx.scratch / "whole.f32", sample_at(facts.frames, facts.fps))
    whole.add(mixed, at=sample_at(params.skip, facts.fps))
    write_with_sound(source, made, MEZZANINE, whole.path, RATE, CHANNELS)
    whole.path.unlink()
    return made
