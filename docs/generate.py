"""The parts of the docs that the code knows better: tables and diagrams, written between markers.

    <!-- generated: name -->  …  <!-- end -->      replaced by SECTIONS[name]()

`python docs/generate.py` rewrites the pages in place; `tests/test_docs.py` fails while a page differs from what this
would write. Prose stays outside the markers and is nobody's but its author's.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args, get_origin

from pydantic import BaseModel, PlainValidator
from pydantic.fields import FieldInfo

DOCS = Path(__file__).parent
ROOT = DOCS.parent
WIDTH = 88
"""Columns of the help pages."""

_SECTION = re.compile(r"(?P<head><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL)

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
    "audio": "kept; not used yet",
    "fps": "frames a second",
    "nb_frames": "length in frames",
    "duration": "length in time",
    "frame_in": "the number of the first frame",
    "frame_out": "the number of the last frame, which gives the length when nothing else does",
    "handles": "frames rendered beyond the cut at each end; they stay in the mezzanine",
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
    "fallback": "the model to use when every take of the others failed",
    "seed": "seed of take 1; the next takes count on from it",
    "priority": "higher runs first",
    "budget": "kept; not used yet",
    "targets": "which deliverables; `review` is the one there is",
    "select": "who picks the take: `auto` for the ranking, `hold` for a person (`farm approve`)",
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

READ_AS: Mapping[str, str] = {
    "text": "text",
    "slug": "a name safe in file names: letters, digits, `_`, `-`, `.`",
    "_folder": "a folder of this machine",
}
"""Parsers whose docstrings say more than a table should, by their names."""

AMOUNTS: Mapping[str, str] = {
    "push": "larger",
    "pull": "smaller",
    "zoom": "larger or smaller",
    "pan": "of the width",
    "truck": "of the width",
    "tilt": "of the height",
    "pedestal": "of the height",
    "roll": "degrees",
    "orbit": "degrees about the pivot",
}
"""What the amount of each move is counted in."""


# -- markdown -----------------------------------------------------------------------------------------------------


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A markdown table; pipes in cells are escaped."""
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


def words(found: Iterable[str]) -> str:
    return ", ".join(found)


def attribute_docs(owner: type) -> dict[str, str]:
    """The strings that stand below the fields of a class, as one line each."""
    (tree,) = ast.parse(dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    docs: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        target = field.target if isinstance(field, ast.AnnAssign) else getattr(field, "targets", [None])[0]
        if isinstance(target, ast.Name) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            docs[target.id] = " ".join(inspect.cleandoc(str(below.value.value)).split())
    return docs


def how_read(field: FieldInfo) -> str:
    """How a field is read: from the docstring, or the limits, of the function behind its type."""
    return next((_said(part.func) for part in _parts(field) if isinstance(part, PlainValidator)), "")


def _parts(field: FieldInfo) -> Iterable[object]:
    """What annotates a field's type, wherever pydantic keeps it."""
    yield from field.metadata
    for part in get_args(field.annotation):
        yield from get_args(part)


def _said(parser: Any) -> str:
    if parser.__name__ in READ_AS:
        return READ_AS[parser.__name__]
    bound = inspect.getclosurevars(parser).nonlocals if inspect.isfunction(parser) else {}
    if "lowest" in bound:
        return f"a whole number, {bound['lowest']:,} to {bound['highest']:,}"
    if "options" in bound:
        return "one of " + words(code(option.value) for option in bound["options"])
    first = (inspect.getdoc(parser) or "").partition("\n\n")[0].replace("\n", " ")
    said = first.rstrip(".").partition(". ")[0]
    return said[:1].lower() + said[1:]


def default(value: object) -> str:
    """A default as a person would write it."""
    match value:
        case None | "" | ():
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple() if all(isinstance(side, int) for side in value):
            return code("x".join(str(side) for side in value))
        case tuple():
            return code(words(str(item) for item in value))
        case Fraction() | str() | int() | float():
            return code(getattr(value, "value", value))
        case _:
            return ""


# -- sections -----------------------------------------------------------------------------------------------------


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
    from farm.config import Project, Retention

    docs = {**MEANINGS, **attribute_docs(Project), **PROJECT_MEANINGS}
    rows = [
        (code(name), docs[name].rstrip("."), how_read(field), default(field.default))
        for name, field in Project.model_fields.items()
        if name != "retention"
    ]
    rows += [
        (
            code(f"retention.{name}"),
            attribute_docs(Retention)[name].rstrip("."),
            how_read(field),
            default(field.default),
        )
        for name, field in Retention.model_fields.items()
    ]
    return table(("setting", "what it is", "how it is read", "without it"), rows)


def name_fields() -> str:
    from farm.shots.naming import FIELDS

    return words(code(f"{{{name}}}") for name in FIELDS)


def environment() -> str:
    from farm.config import Config

    return "\n".join(line for line in inspect.cleandoc(Config.__doc__ or "").splitlines() if line.startswith("|"))


def commands() -> str:
    from typer.main import get_command
    from typer.testing import CliRunner

    from farm.cli import app

    def page(*names: str) -> str:
        environ = {"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH)}
        said = CliRunner().invoke(app, [*names, "--help"], prog_name="farm", env=environ).output
        return f"## farm {words(names)}".rstrip() + f"\n\n```text\n{said.strip()}\n```"

    known: Mapping[str, object] = getattr(get_command(app), "commands")  # noqa: B009  typer hides its click
    return "\n\n".join([page(), *(page(name) for name in known)])


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


def camera_words() -> str:
    from farm.shots.intent import Direction
    from farm.shots.words.vocabulary import CAMERA_VERBS, CameraVerb, Need

    needs = {
        Need.NOTHING: "",
        Need.DIRECTION: "a direction, a path, a speed, or the camera as the one who does it",
        Need.STRICT: "a direction, or the camera as the one who does it",
        Need.PLAIN: 'a direction beside the plain form ("slow drift left"), or the camera as the one who does it',
        Need.CAMERA: 'the camera as the one who does it ("camera rises")',
    }

    def move(sense: tuple[str, Direction] | None) -> str:
        return "" if sense is None else " ".join(part for part in sense if part != Direction.NONE)

    def senses(verb: CameraVerb) -> str:
        by_move: dict[str, list[str]] = {}
        for way, sense in verb.senses.items():
            by_move.setdefault(move(sense), []).append(way)
        return "; ".join(f"{' or '.join(ways)}: {meaning}" for meaning, ways in by_move.items())

    verbs: dict[int, list[str]] = {}
    for name, verb in CAMERA_VERBS.items():
        verbs.setdefault(id(verb), []).append(name)
    rows = [
        (words(names), senses(verb), move(verb.plain), needs[verb.need])
        for names in verbs.values()
        if (verb := CAMERA_VERBS[names[0]])
    ]
    return table(("verbs", "with a direction", "alone", "taken for a camera move when it has"), rows)


def assumed_sides() -> str:
    from farm.shots.words.vocabulary import ASSUMED

    return words(f"{kind} {side}" for kind, side in ASSUMED.items())


def amounts() -> str:
    from farm.shots.amounts import FACTORS, RATES
    from farm.shots.intent import Camera

    logarithmic = {Camera.PUSH, Camera.PULL, Camera.ZOOM}

    def amount(kind: Camera, value: float) -> str:
        if kind in {Camera.ROLL, Camera.ORBIT}:
            return f"{value:.2g}°"
        return f"{100 * (math.expm1(value) if kind in logarithmic else value):.3g} %"

    rows = [
        (kind, *(amount(kind, rate.per_second * factor) for factor in FACTORS.values()), amount(kind, rate.cap), unit)
        for kind, rate in RATES.items()
        if (unit := AMOUNTS[kind])
    ]
    return table(("move", *(f"{speed}, a second" for speed in FACTORS), "at most", "counted in"), rows)


def speed_words() -> str:
    from farm.shots.words.vocabulary import SPEEDS

    rows = [(speed, words(sorted(known - {"veryslow"})) or "very slow, very slowly") for speed, known in SPEEDS.items()]
    return table(("speed", "words"), rows)


def air_words() -> str:
    from farm.shots.intent import Air
    from farm.shots.words.vocabulary import AIR

    return table(
        ("in the air", "words"), ((kind, words(sorted(word for word in AIR if AIR[word] is kind))) for kind in Air)
    )


def action_words() -> str:
    from farm.shots.words.vocabulary import ACTIONS

    by_name: dict[str, list[str]] = {}
    for verb, action in ACTIONS.items():
        by_name.setdefault(action.name, []).append(verb)
    return table(("what it does", "verbs"), ((name, words(verbs)) for name, verbs in by_name.items()))


def link_words() -> str:
    from farm.shots.words.vocabulary import LINKS, Link

    means = {
        Link.THEN: "one after the other",
        Link.AFTER: "what follows comes first",
        Link.WHILE: "together",
        Link.AND: "together",
    }
    return table(("words", "moves happen"), ((words(found), means[link]) for link, found in LINKS.items()))


def vague_words() -> str:
    from farm.shots.words.vocabulary import VAGUE

    return words(f'"{phrase}"' for phrase in VAGUE)


def elements() -> str:
    from farm.shots.words.vocabulary import ELEMENTS

    return words(sorted(ELEMENTS))


def task_states() -> str:
    from farm.tasks import TRANSITIONS

    lines = [f"    {before} --> {after}: {change}" for (before, change), after in TRANSITIONS.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> waiting", *lines, "```"])


def retries() -> str:
    from farm.errors import FailureKind
    from farm.scheduler.retry import RULES

    docs = attribute_docs(FailureKind)

    def row(kind: FailureKind) -> tuple[str, ...]:
        rule = RULES[kind]
        pause = f"{rule.pause_s:g} s, doubling up to {rule.longest_pause_s:g} s" if rule.pause_s else "none"
        meaning = docs[kind.name].partition(". ")[0].rstrip(".")
        return code(kind), meaning, str(rule.retries), pause if rule.retries else "", "yes" if rule.elsewhere else ""

    return table(
        ("kind", "what happened", "retries", "pause before", "on another worker"), (row(kind) for kind in FailureKind)
    )


def stages() -> str:
    from farm.chain import STAGES

    def row(name: str, version: int, params: type[BaseModel]) -> tuple[str, ...]:
        inputs, _, leaves = " ".join(inspect.cleandoc(params.__doc__ or "").split()).partition("Leaves ")
        return code(name), str(version), inputs.removeprefix("Inputs: ").rstrip(" ."), leaves.rstrip(".")

    rows = (row(name, spec.version, spec.params) for name, spec in STAGES.items())
    return table(("stage", "version", "reads", "leaves"), rows)


def components() -> str:
    from farm.scoring import scales

    docs = re.findall(r"^- (\w+): (.+)$", Path(scales.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    meanings = dict(docs)
    rows = [
        (code(name), meanings[name], f"{scale.weight:g}", f"{scale.floor:g}", f"{scale.tolerance:g}", scale.fault)
        for name, scale in scales.SCALES.items()
    ]
    return table(("component", "measured as", "weight", "worth 1 at", "worth 0 at", "what people see"), rows)


def takes() -> str:
    from farm.models.animatic.takes import NAMED

    rows = (
        (str(number), each.name, f"{each.amount:g}", f"{each.ease.rise:.0%} / {each.ease.fall:.0%}")
        for number, each in enumerate(NAMED, 1)
    )
    return table(("take", "called", "amount", "time spent setting off / settling"), rows)


def animatic_limits() -> str:
    from farm.models.animatic import path, shake, strain

    rows = (
        ("parallax of a sideways move", f"at most {path.LATERAL_CAP:.0%} of the frame's width"),
        ("stretch of any part of the picture", f"at most {strain.STRETCH_LIMIT:.0%}"),
        ("bend of a long straight line", f"at most {strain.BEND_LIMIT_PX:g} pixels of a frame 1920 wide"),
        ("lean of an upright line", f"at most {strain.LEAN_LIMIT_DEG:g}°"),
        ("handheld shake", "{:g} to {:g} Hz".format(*shake.BAND_HZ)),
    )
    return table(("limit", "value"), rows)


def models() -> str:
    from farm.models import registry

    specs = [registry.adapter(name).spec for name in registry.names()]
    rows = (
        (
            code(spec.name),
            spec.title,
            words(sorted(spec.conditions)),
            "needed" if spec.needs_prompt else "understood, not needed",
            str(spec.gpus or "none"),
            spec.licence,
        )
        for spec in specs
    )
    return table(("model", "", "takes", "prompt", "GPUs", "licence"), rows)


def manifest() -> str:
    from farm.tasks import Manifest, StoredFile

    def rows(owner: type[BaseModel]) -> Iterable[tuple[str, ...]]:
        docs = attribute_docs(owner)
        return ((code(n), code(_type(f.annotation)), docs.get(n, "")) for n, f in owner.model_fields.items())

    head = ("field", "type", "")
    return f"{table(head, rows(Manifest))}\n\nEach of `files`:\n\n{table(head, rows(StoredFile))}"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is None:
        return getattr(annotation, "__name__", str(annotation))
    parts = [_type(part) for part in get_args(annotation)]
    if "NoneType" in parts:
        return " or ".join("null" if part == "NoneType" else part for part in parts)
    return f"{get_origin(annotation).__name__.lower()} of {parts[-1] if len(parts[-1]) < WIDTH else 'JSON'}"


def file_classes() -> str:
    from farm.tasks import FileClass

    return words(code(each) for each in FileClass)


def _columns(name: str) -> str:
    from farm.store import catalog_rows

    source = Path(catalog_rows.__file__).read_text(encoding="utf-8")
    notes = dict(re.findall(r'^        \("(\w+)", .+\),  # (.+)$', _assigned(source, name), re.MULTILINE))
    schema = getattr(catalog_rows, name)
    return table(("column", "type", ""), ((code(f.name), code(f.type), notes.get(f.name, "")) for f in schema))


def _assigned(source: str, name: str) -> str:
    """The source of one module-level assignment, comments included."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
    raise LookupError(name)


SECTIONS: Mapping[str, Callable[[], str]] = {
    "shot-fields": shot_fields,
    "list-fields": list_fields,
    "project-fields": project_fields,
    "name-fields": name_fields,
    "environment": environment,
    "commands": commands,
    "lint-rules": lint_rules,
    "lint-limits": lint_limits,
    "camera-words": camera_words,
    "assumed-sides": assumed_sides,
    "amounts": amounts,
    "speed-words": speed_words,
    "air-words": air_words,
    "action-words": action_words,
    "link-words": link_words,
    "vague-words": vague_words,
    "elements": elements,
    "task-states": task_states,
    "retries": retries,
    "stages": stages,
    "components": components,
    "takes": takes,
    "animatic-limits": animatic_limits,
    "models": models,
    "manifest": manifest,
    "file-classes": file_classes,
    "catalog-takes": lambda: _columns("TAKES"),
    "catalog-attempts": lambda: _columns("ATTEMPTS"),
}
"""Every generated section, by the name in its marker."""


def rendered(text: str) -> str:
    """A page with every generated section as it should be. Raises KeyError for a marker nobody knows."""
    return _SECTION.sub(lambda found: f"{found['head']}\n{SECTIONS[found['name']]()}\n\n{found['tail']}", text)


def pages() -> tuple[Path, ...]:
    """The README and every page of the docs."""
    return (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))


def main() -> None:
    """Rewrite every page whose generated sections have changed, and name it."""
    for page in pages():
        before = page.read_text(encoding="utf-8")
        after = rendered(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            sys.stdout.write(f"rewrote {page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
