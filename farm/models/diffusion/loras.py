"""LoRAs of a shot: as they are written, as options of a take, and as files on a worker.

    "anna:0.8"  ──asked──▶  option lora_1 = "anna:0.8:/3f2a…"  ──files──▶  Lora(file, 0.8)
    "night:1:transformer_2"                                        for one expert of a model that has two

The fingerprint of the file is part of the option, and so of the take's id. A worker whose file is another refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from farm.errors import InputError
from farm.models.diffusion.family import Family, Scalar
from farm.models.diffusion.installed import Installed, Kind, installed
from farm.models.diffusion.parallel.lora import Lora

OPTION = "lora"
STRONGEST = 10.0


@dataclass(frozen=True, slots=True)
class Written:
    """One LoRA as a shot names it: "name", "name:scale" or "name:scale:denoiser"."""

    name: str
    scale: float = 1.0
    denoiser: str = ""

    @classmethod
    def read(cls, text: str) -> Written:
        """Raises `InputError` for what is none."""
        name, scale, denoiser, *more = [*text.split(":"), "", ""][: max(3, text.count(":") + 1)]
        try:
            strength = float(scale or 1)
        except ValueError:
            strength = float("nan")
        if not name or more or not abs(strength) <= STRONGEST:
            raise InputError(f'"{text}" is no LoRA: write name, or name:0.8, or name:0.8:transformer_2')
        return cls(name, strength, denoiser)


class Shelf(Mapping[str, Installed]):
    """LoRAs of a models folder, by name; read again for one that is not known: a worker's cache fills as it works."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known = self._read()

    def __getitem__(self, name: str) -> Installed:
        if name not in self._known:
            self._known = self._read()
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _read(self) -> dict[str, Installed]:
        records = installed(self._folder) if self._folder else ()
        return {record.name: record for record in records if record.kind is Kind.LORA}


def asked(texts: Iterable[str], family: Family, records: Mapping[str, Installed]) -> dict[str, Scalar]:
    """Options of a take with those LoRAs. Raises `InputError` for one that is not there, or not of the family."""
    return {f"{OPTION}_{number}": _option(text, family, records) for number, text in enumerate(texts, 1)}


def _option(text: str, family: Family, records: Mapping[str, Installed]) -> str:
    written = Written.read(text)
    record = records.get(written.name)
    if record is None:
        known = ", ".join(sorted(records)) or "none"
        raise InputError(f"there is no LoRA {written.name} here (known: {known}; farm models add FILE --name NAME)")
    if not family.loras:
        raise InputError(f"{family.title} takes no LoRAs")
    if record.family not in {"", family.name}:
        raise InputError(f"the LoRA {written.name} is for {record.family} models")
    if written.denoiser and written.denoiser not in family.denoisers:
        raise InputError(f"{written.denoiser} is none of its denoisers ({', '.join(family.denoisers)})")
    return f"{written.name}:{written.scale:g}:{written.denoiser}/{record.fingerprint[:16]}"


def named(options: object) -> Iterator[str]:
    """The LoRAs that a take's options name; none of what are no options."""
    for name, value in options.items() if isinstance(options, Mapping) else ():
        if _is_lora(str(name)):
            yield Written.read(str(value).rpartition("/")[0]).name


def files(options: Mapping[str, Scalar], records: Mapping[str, Installed]) -> Iterator[Lora]:
    """The files of a take's LoRAs on this machine, in order. Raises `InputError` for one that is another here."""
    chosen = sorted((int(name.rpartition("_")[2]), str(value)) for name, value in options.items() if _is_lora(name))
    for _, option in chosen:
        text, _, fingerprint = option.rpartition("/")
        written = Written.read(text)
        record = records.get(written.name)
        if record is None or record.fingerprint[:16] != fingerprint:
            has = "has no" if record is None else "has another"
            raise InputError(f"this machine {has} LoRA {written.name} (give every machine the same models folder)")
        yield Lora(record.file, written.scale, written.denoiser)


def _is_lora(name: str) -> bool:
    return name.startswith(f"{OPTION}_")
