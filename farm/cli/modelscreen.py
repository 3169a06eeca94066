"""Models as a person sees them: all of them in a table, or one of them on a sheet."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from farm.weights.fetch import gigabytes

if TYPE_CHECKING:
    from farm.modelview import ModelView

WIDE = 120
"""Columns of a screen on which there is room for titles and for how GPUs share a take."""

_STATES = {"built in": "green", "installed": "green", "half pulled": "yellow", "not installed": "dim"}
_HERE = {"built in": "built in", "installed": "yes", "half pulled": "half", "not installed": "no"}


def models_table(views: Iterable[ModelView], width: int) -> Table:
    """One row a model; what is not here yet is dim."""
    is_wide = width >= WIDE
    takes, licence = (18, 26) if is_wide else (13, 14)
    table = Table(box=None, pad_edge=False, header_style="dim", collapse_padding=not is_wide)
    for title in ("model", "takes", "makes", "needs", *(["shared over"] if is_wide else []), "licence"):
        table.add_column(title, overflow="fold")
    table.add_column("disk", justify="right", no_wrap=True)
    table.add_column("here", no_wrap=True)
    for view in views:
        name = Text(view.name, "bold")
        if is_wide:
            name.append(f"\n{view.title}", "dim")
        shared = [Text(", ".join(view.parallel))] if is_wide else []
        cells = (_folded(_takes(view), takes), _makes(view), _needs(view), *shared, _folded(view.licence, licence))
        table.add_row(name, *cells, Text(_disk(view)), _state(view, _HERE[view.state]))
    return table


def troubles(views: Iterable[ModelView]) -> Iterator[Text]:
    """What is wrong with records and files, one line each."""
    for view in views:
        for trouble in view.troubles:
            yield Text(f"warning: {view.name}: {trouble}", "yellow")


def model_sheet(view: ModelView) -> Group:
    """All of one model."""
    sheet = Table.grid(padding=(0, 2))
    sheet.add_column(style="dim", no_wrap=True)
    sheet.add_column(overflow="fold")
    for name, said in _lines(view):
        if said:
            sheet.add_row(name, Text(said))
    head = Text.assemble((view.name, "bold"), f"  {view.title}  ", _state(view, view.state))
    parts: list[RenderableType] = [head, sheet]
    if view.remarks:
        parts += [Text(), Text("fidelity and motion", "dim"), *(Text(f"  {remark}") for remark in view.remarks)]
    if view.knobs:
        parts.append(_knobs(view))
    return Group(*parts, *troubles([view]))


def _lines(view: ModelView) -> Iterator[tuple[str, str]]:
    yield "kind", view.kind if view.kind != "model" else ""
    yield "family", view.family + (f", like {view.like}" if view.like else "")
    yield "licence", view.licence
    yield "takes", _takes(view)
    yield "prompt", f"up to {view.prompt_limit} characters" if view.reads_text else ""
    if view.kind == "model":
        yield "sizes", _sizes(view)
        yield "frames", _frames(view)
        yield "rate", f"{view.fps} frames a second" if view.fps else "any"
    yield "steps", str(view.steps or "")
    yield "needs", _needs(view).plain.replace("\n", ", ")
    yield "shared over", ", ".join(view.parallel)
    yield "LoRAs", "yes" if view.loras else ""
    yield "sound", "yes" if view.audio else ""
    yield "disk", _disk(view) + (f" in {view.files} files" if view.files else "")
    yield "weights", view.weights
    yield "from", ", ".join(view.sources)
    yield "fingerprint", view.fingerprint


def _knobs(view: ModelView) -> Table:
    names = list(dict.fromkeys(name for knob in view.knobs for name in knob.options))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("  fidelity", "motion", *names):
        table.add_column(title, justify="right")
    for knob in view.knobs:
        table.add_row(f"{knob.fidelity:g}", f"{knob.motion:g}", *(str(knob.options.get(name, "")) for name in names))
    return table


def _folded(text: str, width: int) -> Text:
    """Broken between words and after hyphens, as rich does not."""
    return Text("\n".join(textwrap.wrap(text, width)))


def _takes(view: ModelView) -> str:
    words = ["prompt"] if view.reads_text else []
    return ", ".join((*_ordered(view.conditions), *words))


def _ordered(conditions: Sequence[str]) -> list[str]:
    return sorted(conditions, key=lambda name: ({"start": 0, "end": 1}.get(name, 2), name))


def _makes(view: ModelView) -> Text:
    if view.kind != "model" or not view.licence:
        return Text("")
    if not view.sizes:
        return Text("any size,\nany length")
    size = "x".join(map(str, view.sizes[0]))
    rate = f"{view.frames} at {view.fps}" if view.fps else f"{view.frames}, any fps"
    sound = "\nwith sound" if view.audio else ""
    return Text(f"{size}\n{rate}{sound}")


def _needs(view: ModelView) -> Text:
    if view.kind != "model" or not view.licence:
        return Text("")
    if not view.memory_gb:
        return Text("CPU")
    return Text(f"{view.memory_gb:.0f} GB" + (f"\n{view.gpus} GPUs" if view.gpus > 1 else ""))


def _sizes(view: ModelView) -> str:
    sizes = ", ".join("x".join(map(str, size)) for size in view.sizes) or "any"
    return f"{sizes} (multiples of {view.size_multiple})"


def _frames(view: ModelView) -> str:
    if not view.frames:
        return view.frame_rule
    return f"{view.frames}, at most {view.most_frames} ({view.frame_rule})"


def _disk(view: ModelView) -> str:
    if not view.disk_bytes:
        return ""
    about = "" if view.fingerprint else "~"
    return f"{about}{view.disk_bytes / 1e9:.0f} GB" if view.disk_bytes >= 1e10 else about + gigabytes(view.disk_bytes)


def _state(view: ModelView, words: str) -> Text:
    return Text("damaged", "red") if view.troubles else Text(words, _STATES[view.state])
