"""What published files are called: the studio's templates, filled in.

    template "{project}_{sequence}_{shot}_{product}_{version}" + fields -> "demo_sq010_sh010_review_v001"

Empty fields take their separator with them, so a shot without a sequence is "demo_sh010_review_v001".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from farm.errors import InputError

FIELDS = ("project", "list", "episode", "sequence", "scene", "shot", "product", "version")

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Naming:
    """A studio's two templates: for the folder below `publish/`, and for the file without its suffix."""

    folder: str = "{project}/{sequence}/{shot}/{product}/{version}"
    name: str = "{project}_{sequence}_{shot}_{product}_{version}"

    def __post_init__(self) -> None:
        for template in (self.folder, self.name):
            unknown = sorted(set(_FIELD.findall(template)) - set(FIELDS))
            if unknown:
                raise InputError(f"naming template {template!r} has no field {unknown[0]!r} (use {', '.join(FIELDS)})")
            if "{version}" not in template:
                raise InputError(f"naming template {template!r} lacks {{version}}, so versions would collide")

    def key(self, suffix: str, **fields: str) -> str:
        """The published key of a product: `publish/demo/sq010/sh010/review/v001/demo_sq010_…_v001.mp4`."""
        return f"publish/{fill(self.folder, fields, '/')}/{fill(self.name, fields, '_')}{suffix}"


def version_label(number: int) -> str:
    """Versions begin with v and count from 1: v001."""
    return f"v{number:03d}"


def fill(template: str, fields: dict[str, str], separator: str) -> str:
    """`template` with its fields filled in; separators around empty fields collapse into one."""
    text = _FIELD.sub(lambda match: fields.get(match[1], ""), template)
    return re.sub(f"(?:{re.escape(separator)})+", separator, text).strip(separator)
