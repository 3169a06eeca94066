"""Final Cut Pro 7 XML (`.xml`, what Premiere and Resolve write) as an edit, by OTIO's adapter.

The XML is looked through first (`xml_source`), because the adapter's parser expands what it is given.
"""

from __future__ import annotations

from pathlib import Path

from farm.findings import Place
from farm.shots.edit import Edit
from farm.shots.reading.cells import refuse
from farm.shots.reading.fcpx_reader import fcpx_edit
from farm.shots.reading.otio_document import opentimelineio
from farm.shots.reading.otio_reader import UNREADABLE, reason, timeline_edit
from farm.shots.reading.xml_source import read_xml


def read_fcp_xml(path: Path) -> Edit:
    """The edit in an XML file of Final Cut's, told apart by its root. Raises `DocumentError`."""
    data, root = read_xml(path)
    if root == "fcpxml":
        return fcpx_edit(data, path.name)
    otio, place = opentimelineio(), Place(path.name)
    if root != "xmeml":
        raise refuse(place, f"<{root}> is no timeline", "export Final Cut Pro 7 XML, FCPXML, OTIO or an EDL")
    try:
        document = otio.adapters.read_from_string(data, "fcp_xml")  # bytes, which say their encoding
    except (*UNREADABLE, otio.exceptions.OTIOError) as failure:
        raise refuse(place, f"not readable as Final Cut Pro 7 XML: {reason(failure)}", "export it again") from None
    return timeline_edit(document, path.name)
