"""XML that cannot do harm: looked through before any parser builds a tree of it.

    bytes ──expat, one pass──▶ size, depth, elements counted; entities and inner DTDs refused ──▶ the same bytes

Final Cut's files begin with a bare `<!DOCTYPE xmeml>`, which is fine; a DOCTYPE that declares anything is not. Outside
files are never fetched.
"""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from farm.findings import Place
from farm.shots.reading.cells import refuse
from farm.shots.reading.source import read_bytes

MAX_DEPTH = 200
MAX_ELEMENTS = 1_000_000


def read_xml(path: Path) -> tuple[bytes, str]:
    """The file's bytes, and the name of its root element. Raises `DocumentError` for bad XML, or harmful."""
    place, data = Place(path.name), read_bytes(path)
    look = _Look(place)
    parser = expat.ParserCreate()
    parser.StartElementHandler = look.begins
    parser.EndElementHandler = look.ends
    parser.StartDoctypeDeclHandler = look.doctype
    parser.EntityDeclHandler = look.entity
    look.parser = parser
    try:
        parser.Parse(data, True)
    except expat.ExpatError as failure:
        at = Place(path.name, failure.lineno)
        raise refuse(at, f"not readable as XML: {expat.ErrorString(failure.code)}", "export it again") from None
    except (LookupError, ValueError) as failure:
        raise refuse(place, f"not readable as XML: {failure}", "export it as UTF-8") from None
    return data, look.root


class _Look:
    """Sees every element go by, and keeps none."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.parser: expat.XMLParserType | None = None
        self.root = ""
        self.depth = 0
        self.count = 0

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        self.root = self.root or name
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH:
            raise refuse(self._here(), f"nested more than {MAX_DEPTH} deep", "unnest sequences and export again")
        if self.count > MAX_ELEMENTS:
            raise refuse(self._here(), f"more than {MAX_ELEMENTS} elements", "export one sequence at a time")

    def ends(self, name: str) -> None:
        del name
        self.depth -= 1

    def doctype(self, name: str, system: str | None, public: str | None, has_inner: int) -> None:
        del name, system, public
        if has_inner:
            raise refuse(self._here(), "it declares things of its own in its DOCTYPE", "remove that part")

    def entity(self, *declared: object) -> None:
        del declared
        raise refuse(self._here(), "it declares entities, which no editor's export does", "export it again")

    def _here(self) -> Place:
        return Place(self.place.file, self.parser.CurrentLineNumber if self.parser else None)
