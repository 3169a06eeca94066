"""Which files of a publisher's listing a pipeline needs: one variant of safetensors, configurations, tokenizers.

    model_index.json ─▶ components ─▶ of each: *.json, vocabularies, and one set of weights
                                                        │ single file, or index and all of its shards
                                                        ▼
                               never: pickles (.bin .ckpt .pt), .py, twins, other variants, other frameworks' files

Pure: names in, names out. Weights of a variant go under their plain names (`model.fp16.safetensors` is kept as
`model.safetensors`), so that whatever opens the folder need not know which variant it was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from farm.errors import InputError

INDEX = "model_index.json"
MOTION_ADAPTER = "motion_adapter"
"""A component that PIA puts beside the pipeline of an image model, whose index does not know it."""

CONFIG_SUFFIXES = (".json", ".txt", ".model", ".spm", ".jinja")
PICKLE_SUFFIXES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
KEPT_AT_THE_TOP = re.compile(r"(LICEN[CS]E|NOTICE)(\.\w+)?", re.IGNORECASE)

FALLBACKS = ("", "bf16", "fp16", "fp32")
"""Variants that will do where the one asked for is not published, the best first."""

_WEIGHTS = re.compile(
    r"(?P<stem>diffusion_pytorch_model|model)(\.(?P<variant>\w+))?(-(?P<number>\d{5})-of-(?P<total>\d{5}))?"
    r"(\.(?P<legacy>\w+))?\.safetensors"
)
_INDEX = re.compile(r".*\.index(\.\w+)?\.json")
_COMPONENT = re.compile(r"[A-Za-z0-9_-]+")
_WEIGHTLESS = re.compile(r".*(Scheduler|Tokenizer|TokenizerFast|Processor|ProcessorFast|FeatureExtractor|Guidance)")


@dataclass(frozen=True, slots=True)
class Component:
    """One entry of a model index: a class of a library, to be found in the folder of the same name."""

    library: str
    class_name: str


@dataclass(frozen=True, slots=True)
class Needed:
    """One file that is needed."""

    path: str
    """As its publisher calls it."""
    local: str
    """As it is called here, below the weights folder."""


def components(index: object, where: str) -> Mapping[str, Component]:
    """The components a model index names, by folder. Raises `InputError` for none, and for code of its own."""
    entries = cast("dict[str, object]", index) if isinstance(index, dict) else {}
    if not isinstance(entries.get("_class_name"), str):
        raise InputError(
            f"{where}: {INDEX} names no pipeline of diffusers"
            f" (_class_name is {entries.get('_class_name')!r}; a pipeline with code of its own is not run)"
        )
    found: dict[str, Component] = {}
    for name, said in entries.items():
        match said:
            case [str(library), str(class_name)] if _COMPONENT.fullmatch(name):
                found[name] = Component(library, class_name)
            case _:
                pass
    if not found:
        raise InputError(f"{where}: {INDEX} names no component")
    return found


def needed(paths: Iterable[str], parts: Mapping[str, Component], where: str, variant: str = "") -> tuple[Needed, ...]:
    """What a pipeline of these components needs of the listing `paths`, sorted.

    Raises `InputError`, with the component, for weights that are missing, incomplete or pickled, and for code.
    """
    folders = _by_folder(paths)
    for name, part in parts.items():
        if f"{part.library}.py" in folders[name] | folders[""]:
            raise InputError(f"{where}: {name} comes with code of its own ({part.library}.py), which is not run")
    kept = [Needed(path, path) for path in folders[""] if path == INDEX or KEPT_AT_THE_TOP.fullmatch(path)]
    for name, part in parts.items():
        kept += _of_component(folders[name], part, f"{where}: {name}", name, variant, prefix=f"{name}/")
    return tuple(sorted(kept, key=lambda file: file.path))


def needed_component(paths: Iterable[str], folder: str, where: str, variant: str = "") -> tuple[Needed, ...]:
    """What a single component, published at the top of a listing of its own, needs; `folder` is its place here."""
    part = Component("diffusers", "")
    return tuple(_of_component(_by_folder(paths)[""], part, where, folder, variant, prefix=""))


def _by_folder(paths: Iterable[str]) -> Mapping[str, set[str]]:
    """File names by folder, the top one being ""; deeper ones are nobody's."""
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders[folder].add(name)
    return folders


def _of_component(
    names: set[str], part: Component, where: str, folder: str, variant: str, prefix: str
) -> Iterator[Needed]:
    if not names:
        raise InputError(f"{where} is missing (the model index names it, and there is no such folder)")
    for name in sorted(names):
        if name.endswith(CONFIG_SUFFIXES) and name != INDEX and not _INDEX.fullmatch(name):
            yield Needed(prefix + name, f"{folder}/{name}")
    if "config.json" in names and not _WEIGHTLESS.fullmatch(part.class_name):
        for name, local in _weights(names, part, where, variant):
            yield Needed(prefix + name, f"{folder}/{local}")


def _weights(names: set[str], part: Component, where: str, variant: str) -> Iterator[tuple[str, str]]:
    """One set of weights: (name, plain name) of a single file, or of an index and all shards."""
    published = _published(names)
    stem, chosen = _choice(published, part, where, variant, names)
    files = published[stem, chosen]
    index = next((name for name in _index_names(stem, chosen) if name in names), "")
    if "" in files and not index:
        yield files[""], f"{stem}.safetensors"
        return
    shards = {number: name for number, name in files.items() if number}
    total = int(next(iter(shards.values())).rpartition("-of-")[2][:5]) if shards else 0
    gone = total - len(shards)
    if gone or not shards:
        raise InputError(
            f"{where}: {gone or 'all'} of its {total or ''} files of weights are missing".replace("  ", " ")
        )
    if not index:
        raise InputError(f"{where}: its weights are in {total} files without an index ({stem}.safetensors.index.json)")
    yield index, f"{stem}.safetensors.index.json"
    yield from ((name, name) for name in sorted(shards.values()))


def _published(names: set[str]) -> Mapping[tuple[str, str], dict[str, str]]:
    """(stem, variant) -> number of the shard, "" for a single file -> name."""
    published: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in names:
        if found := _WEIGHTS.fullmatch(name):
            published[found["stem"], found["variant"] or found["legacy"] or ""][found["number"] or ""] = name
    return published


def _choice(
    published: Mapping[tuple[str, str], object], part: Component, where: str, variant: str, names: set[str]
) -> tuple[str, str]:
    """Which set of those published."""
    stems = ("diffusion_pytorch_model", "model")
    for wanted in (variant, *FALLBACKS):
        for stem in reversed(stems) if part.library == "transformers" else stems:
            if (stem, wanted) in published:
                return stem, wanted
    if published:
        there = ", ".join(sorted({name for _, name in published}))
        raise InputError(f"{where}: its weights are published as {there} alone, which is not used here")
    if pickles := sorted(name for name in names if name.endswith(PICKLE_SUFFIXES)):
        raise InputError(
            f"{where}: its weights are pickled ({pickles[0]}), and loading a pickle runs code"
            " (convert it to safetensors: save_pretrained(..., safe_serialization=True))"
        )
    raise InputError(f"{where}: its weights are missing (there is no .safetensors file beside its config.json)")


def _index_names(stem: str, variant: str) -> tuple[str, ...]:
    plain = f"{stem}.safetensors"
    if not variant:
        return (f"{plain}.index.json",)
    return f"{plain}.index.{variant}.json", f"{plain}.{variant}.index.json", f"{stem}.{variant}.safetensors.index.json"
