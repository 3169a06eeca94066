"""What is asked for: the fields of shot lists and projects, and the rules of lint."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pydantic.fields import FieldInfo

from .markdown import attribute_docs, code, default, how_read, table, words

MEANINGS: Mapping[str, str] = {
    "code": "the shot's name, one of its own in the list",
    "sequence": "part of file names and folders",
    "episode": "part of file names where `naming` asks for it",
    "scene": "part of file names where `naming` asks for it",
    "cut_order": "position in the cut; equal numbers keep the list's order",
    "external_ids": "what other systems call the shot",
    "still": "the approved frame: every shot starts from it",
    "end": "the last frame of a start-to-end shot",
    "mask": "white where things may move by themselves, or where the air of the shot is",
    "depth": "a depth map of the still: white is near",
    "references": "further pictures for models that take them; the animatic model does not",
    "driving_video": "kept; not used yet",
    "audio": "a sound file, heard from the first frame of the clip ([how](../how-to/finish-takes.md#sound))",
    "fps": "frames a second",
    "nb_frames": "length in frames",
    "duration": "length in time",
    "frame_in": "the number of the first frame",
    "frame_out": "the number of the last frame, which gives the length when nothing else does",
    "handles": "frames rendered beyond the cut at each end; they stay in the mezzanine",
    "trim_in": "frames that the cut takes off the front of what is rendered; below 0 it shows so many of the handle",
    "trim_out": "the same, at the end",
    "resolution": "size of the clip in pixels",
    "aspect": "shape of the clip: the largest such frame inside the list's size",
    "fit": "how the still meets the frame",
    "prompt": "how it should move",
    "negative_prompt": "for models that take words; the animatic model does not",
    "camera": "camera move; replaces what the prompt says about it",
    "subject": "what moves by itself; replaces what the prompt says about it",
    "atmosphere": "what is in the air; replaces what the prompt says about it",
    "speed": "of the camera, or of the rest where the camera does not move",
    "direction": "of the camera, or of the rest where the camera does not move",
    "fidelity": "how closely to keep to the still, for models that can stray",
    "loop": "whether the last frame leads back to the first",
    "takes": "takes of each model",
    "models": "which models, side by side",
    "loras": "LoRAs for its models, each `name`, `name:0.8`, or `name:0.8:transformer_2` for one of two experts",
    "fallback": "the model to use when every take of the others failed",
    "seed": "seed of take 1; the next takes count on from it",
    "priority": "higher runs first",
    "budget": "kept; not used yet",
    "targets": "which deliverables, of the [delivery presets](presets.md) and the project's own",
    "select": "who picks the take: `auto` for the ranking, `hold` for a person (`farm approve`)",
    "picks": "how many takes are delivered: the best, and others unlike it; the best stands in the cut",
    "draft_first": "choose among drafts, and render in full only what is chosen",
    "upscale": "how a take smaller than the clip is enlarged: `auto`, `off`, or an upscaler's name",
    "interpolate": "how a take slower than the clip gets its frames",
    "duration_fit": "what becomes of a take of another length ([the table](../how-to/finish-takes.md#lengths))",
    "loop_method": "how a clip that loops is closed ([the table](../how-to/finish-takes.md#loops))",
    "description": "kept with the shot",
    "action": "kept with the shot",
    "dialogue": "kept with the shot",
    "notes": "kept with the shot",
    "size": 'shot size ("MCU"); read as `resolution` when written in pixels',
    "angle": "kept with the shot",
    "lens": "kept with the shot",
    "status": "kept with the shot",
    "project": "the show; the same in every row",
}
"""What each column of a shot list is for, in a few words."""

PROJECT_MEANINGS: Mapping[str, str] = {
    "fps": "frames a second, of clips and cut",
    "size": "size of clips and cut in pixels",
    "seed": "the list's seed, from which takes get theirs",
    "max_still_megapixels": "larger pictures are refused before they are decoded",
}
"""What project settings are for, where their name means something else for a shot."""


def shot_fields() -> str:
    from farm.config import Project
    from farm.shots.model import Shot
    from farm.shots.reading.columns import SYNONYMS
    from farm.shots.reading.schema import MEDIA_FIELDS, ShotEntry

    shared = {"resolution": Project().size} | {
        name: getattr(Project(), name) for name in Project.model_fields if name not in {"size", "seed", "project"}
    }

    def row(name: str, field: FieldInfo) -> tuple[str, ...]:
        known = Shot.__dataclass_fields__
        value = shared.get(name, known[name].default if name in known else None)
        plain = value if isinstance(value, str | int | float | Fraction | tuple | bool) else None
        reading = "a path or URL" if name in MEDIA_FIELDS else how_read(field)
        return code(name), MEANINGS[name], words(SYNONYMS.get(name, ())), reading, default(plain)

    rows = [row(name, field) for name, field in ShotEntry.model_fields.items()]
    rows.append(("`project`", MEANINGS["project"], words(SYNONYMS["project"]), "as `code`", "the list's folder"))
    return table(("field", "what it is", "also called", "how it is read", "without it"), rows)


def list_fields() -> str:
    from farm.shots.reading.schema import ListEntry

    rows = [(code(name), how_read(field)) for name, field in ListEntry.model_fields.items()]
    return table(("setting", "how it is read"), rows)


def project_fields() -> str:
    from farm.config import Project, Retention, ScoreWeights

    docs = {**MEANINGS, **attribute_docs(Project), **PROJECT_MEANINGS}
    rows = [
        (code(name), docs[name].rstrip("."), how_read(field), default(field.default))
        for name, field in Project.model_fields.items()
        if name not in {"retention", "presets", "score_weights"}
    ]
    rows.append(("`presets`", "the show's own [delivery presets](presets.md#presets-of-your-own)", "a list", ""))
    rows += [
        (
            code(f"retention.{name}"),
            attribute_docs(Retention)[name].rstrip("."),
            how_read(field),
            default(field.default),
        )
        for name, field in Retention.model_fields.items()
    ]
    weight = how_read(next(iter(ScoreWeights.model_fields.values())))
    rows.append((code("score_weights.COMPONENT"), "how much one component of a score counts", weight, "as usual"))
    return table(("setting", "what it is", "how it is read", "without it"), rows)


def name_fields() -> str:
    from farm.shots.naming import FIELDS

    return words(code(f"{{{name}}}") for name in FIELDS)


def lint_rules() -> str:
    from farm.shots.checks.rules import RULES

    return table(("rule", "", "what to do"), ((code(name), rule.severity, rule.remedy) for name, rule in RULES.items()))


def lint_limits() -> str:
    from farm.shots.checks import stills
    from farm.shots.checks.prompts import MOST_AT_ONCE

    rows = (
        ("`still.tiny`", f"short side under {stills.TINY_PX} px"),
        ("`still.small`", "smaller than {}x{}".format(*stills.SMALL_PX)),
        ("`still.blurred`", f"variance of the Laplacian, in the best of 16 tiles, under {stills.BLURRED:g}"),
        ("`still.soft`", f"the same under {stills.SOFT:g}"),
        ("`still.compressed`", f"JPEG quality under {stills.LOW_QUALITY}"),
        ("`still.blocky`", f"steps at the borders of 8-pixel blocks over {stills.BLOCKY:g} times those elsewhere"),
        ("`still.dark`", f"mean luma under {stills.DARK:g} of 255"),
        ("`still.clipped`", f"over {stills.CLIPPED:.0%} of the pixels black or white"),
        ("`still.cropped`", f"over {stills.CROP_NOTED:.1%} of the still cut off"),
        ("`still.cropped_much`", f"over {stills.CROP_MUCH:.0%} of it"),
        ("`end.aspect`, `matte.aspect`", f"aspects differ by more than {stills.ASPECT_TOLERANCE:.0%}"),
        ("`prompt.crowded`", f"more than {MOST_AT_ONCE} camera moves at once"),
    )
    return table(("rule", "limit"), rows)
