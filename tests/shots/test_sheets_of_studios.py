"""What other programs export, and what people make of a sheet: titles, merged cells, headings, their own words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from farm.shots.load import load
from farm.shots.paths import spelled
from farm.shots.reading.merged import Merge, merged_rows
from farm.shots.reading.timing import rate
from farm.shots.reading.values import BadValue

Write = Callable[[str, "str | bytes"], Path]
Said = Callable[..., list[str]]

KITSU = """\
Episode,Sequence,Name,Description,Still,Bid,Time,Frames,In,Out,FPS,Res.,Layout,Assignations,Animation,Assignations
E01,SQ010,SH010,A boat,a.png,3,0,96,1001,1096,24,1280x720,Done,Ann,Ready To Start,"Bo,Cy"
E01,SQ010,SH020,"Rain, then sun",b.png,,1.5,77,1001,1077,24,,,,,
E01,SQ020,SH010,,c.png,,0,48,,,,,,,,
"""
"""As its page of shots exports it: metadata, then frames, then for each kind of task its state and who has it."""

KITSU_IMPORT = """\
Project,Episode,Sequence,Name,Description,Nb Frames,Frame In,Frame Out,FPS,Still,Animation,Animation Assignations
Lake,E01,SQ010,SH010,A boat,96,1001,1096,24,a.png,Ready To Start,Ann
"""

SHOTGRID = """\
Shot Code,Sequence,Status,Cut In,Cut Out,Cut Duration,Cut Order,Head In,Tail Out,Description,Id,Image
SQ010_SH020,SQ010,ip,1009,1085,77,2,1001,1093,Rain,1235,b.png
SQ010_SH010,SQ010,wtg,1009,1104,96,1,1001,1112,A boat,1234,a.png
"""

SHOTGRID_FIELDS = """\
code,sg_sequence,sg_status_list,sg_cut_in,sg_cut_out,sg_cut_duration,sg_cut_order,sg_fps,description,project,image
SH010,SQ010,ip,1009,1104,96,1,23.976,A boat,lake,a.png
"""

STUDIOBINDER = """\
Scene,Shot Number,Setup,Shot Size,Shot Type,Camera,Angle,Movement,Gear,Lens,Fps,Sound,Description,Notes,Image,Secs
1,1,1,WS,Two shot,A,Eye Level,Slow dolly in,Dolly,35mm,25p,Sync,A boat,wet down,a.png,3
1,2,1,CU,,A,,Static,Sticks,85mm,25p,MOS,Rain,,b.png,2.5
2,1,1,MCU,,B,,Slow pan left,Sticks,85mm,25p,lines.wav,The lamp,,c.png,2
"""


def test_kitsu(write: Write) -> None:
    shot_list = load(write("kitsu.csv", KITSU))
    assert [(shot.code, shot.sequence, shot.episode, shot.nb_frames, shot.frame_in) for shot in shot_list.shots] == [
        ("SQ010_SH010", "SQ010", "E01", 96, 1001),
        ("SQ010_SH020", "SQ010", "E01", 77, 1001),
        ("SQ020_SH010", "SQ020", "E01", 48, 1001),
    ]
    first, second, _ = shot_list.shots
    assert (first.width, first.height, second.width, second.description) == (1280, 720, 1920, "Rain, then sun")
    assert (first.prompt, first.metadata) == (
        "",
        {"Bid": "3", "Time": "0", "Layout": "Done", "Animation": "Ready To Start"},
    )


def test_kitsu_as_it_is_imported(write: Write) -> None:
    shot_list = load(write("kitsu.csv", KITSU_IMPORT))
    (shot,) = shot_list.shots
    assert (shot_list.project, shot.nb_frames, shot.frame_in, shot.prompt) == ("Lake", 96, 1001, "")
    assert shot.metadata == {"Animation": "Ready To Start", "Animation Assignations": "Ann"}
    assert shot_list.findings == ()


def test_animation_alone_is_a_prompt(write: Write) -> None:
    assert load(write("a.csv", "Shot,Still,Duration,Animation\na,a.png,2,push in\n")).shots[0].prompt == "push in"


def test_shotgrid(write: Write) -> None:
    shots = load(write("shotgrid.csv", SHOTGRID)).shots
    assert [(shot.code, shot.cut_order, shot.nb_frames, shot.frame_in, shot.status) for shot in shots] == [
        ("SQ010_SH010", 1, 96, 1009, "wtg"),
        ("SQ010_SH020", 2, 77, 1009, "ip"),
    ]
    assert shots[0].metadata == {"Head In": "1001", "Tail Out": "1112", "Id": "1234"}


def test_shotgrid_by_its_field_names(write: Write) -> None:
    shot_list = load(write("shotgrid.csv", SHOTGRID_FIELDS))
    (shot,) = shot_list.shots
    assert (shot_list.project, shot.code, shot.sequence, shot.fps) == ("lake", "SH010", "SQ010", Fraction(24000, 1001))
    assert shot_list.findings == ()


def test_studiobinder(write: Write, said: Said) -> None:
    path = write("studiobinder.csv", STUDIOBINDER)
    one, two, three = load(path).shots
    assert [shot.code for shot in (one, two, three)] == ["1_1", "1_2", "2_1"]
    assert (one.scene, one.size, one.angle, one.camera, one.lens) == ("1", "WS", "Eye Level", "Slow dolly in", "35mm")
    assert (one.fps, one.nb_frames, one.description, one.notes) == (25, 75, "A boat", "wet down")
    assert (one.audio, two.audio, Path(three.audio).name) == ("", "", "lines.wav")
    assert {name: one.metadata[name] for name in ("Shot Type", "Camera", "Sound")} == {
        "Shot Type": "Two shot",
        "Camera": "A",
        "Sound": "Sync",
    }
    yielded = 'column "Camera": kept as metadata, because another column is "camera" (say otherwise in a mapping file)'
    assert f"studiobinder.csv:1 {yielded}" in said(path)


def test_a_column_that_yields_means_what_it_says_where_it_is_alone(write: Write) -> None:
    shot = load(write("a.csv", "Shot,Still,Duration,Camera,Shot Type\na,a.png,2,pan left,MCU\n")).shots[0]
    assert (shot.camera, shot.size) == ("pan left", "MCU")


def test_a_mapping_file_decides_between_columns(write: Write) -> None:
    columns = write("columns.yaml", "Movement: ignore\nCamera: camera\n")
    text = "Shot,Still,Duration,Camera,Movement\na,a.png,2,pan left,Static\n"
    assert load(write("a.csv", text), columns=columns).shots[0].camera == "pan left"


@pytest.mark.parametrize(
    ("written", "fps"),
    [
        ("25p", 25), ("24 fps", 24), ("24FPS", 24), ("PAL", 25), ("pal", 25), ("25 i/s", 25), ("Film", 24),
        ("NTSC", Fraction(30000, 1001)), ("NTSC Film", Fraction(24000, 1001)), ("23.98", Fraction(24000, 1001)),
        ("23.98p", Fraction(24000, 1001)), ("23,976", Fraction(24000, 1001)), ("29.97 DF", Fraction(30000, 1001)),
        ("29.97ndf", Fraction(30000, 1001)), ("59.94p", Fraction(60000, 1001)), ("30000/1001", Fraction(30000, 1001)),
    ],
)  # fmt: skip
def test_rates_as_people_write_them(written: str, fps: Fraction) -> None:
    assert rate(written) == fps


@pytest.mark.parametrize("written", ["50i", "59.94i", "p", "fps", "DF", "25q", "PALM"])
def test_what_is_no_rate(written: str) -> None:
    with pytest.raises(BadValue) as caught:
        rate(written)
    assert caught.value.remedy


TITLED = [
    ["The Lake", None, None, None],
    ["Director: A. Person", None, "v3", None],
    [],
    ["Shot", "Still", "Duration", "Notes"],
    ["sh010", "a.png", 2, "dusk"],
]


def test_titles_above_the_header_are_left_out(workbook: Callable[..., Path], write: Write, said: Said) -> None:
    path = workbook(shots=TITLED)
    (shot,) = load(path).shots
    assert (shot.code, shot.notes, shot.place.row) == ("sh010", "dusk", 5)
    left_out = '"The Lake", "Director: A. Person", "v3" above the header is left out'
    assert said(path) == [f"shots.xlsx:1: {left_out} (say what holds for the whole list in project.yaml)"]
    csv = "\n".join(";".join(str(cell or "") for cell in row) for row in TITLED)
    assert load(write("shots.csv", csv)).shots[0].notes == "dusk"


def test_a_list_without_known_columns_begins_at_its_first_row(write: Write) -> None:
    columns = write("columns.yaml", "Nr: code\nBild: still\nTakt: duration\n")
    assert load(write("a.csv", "Nr,Bild,Takt\nShot,Still,3\n"), columns=columns).shots[0].code == "Shot"


def test_merged_cells_hold_for_every_row_beside_them(workbook: Callable[..., Path], said: Said) -> None:
    import openpyxl

    header = ["Sequence", "Shot", "Still", "Duration", "Prompt"]
    rows: list[list[Any]] = [["The Lake"], header, ["sq010", "sh010", "a.png", 2, "push in"]]
    rows += [[None, "sh020", "b.png", None, None], ["INT. LAKE, NIGHT"], ["sq020", "sh030", "c.png", 3, None]]
    path = workbook(shots=rows)
    book = openpyxl.load_workbook(path)
    sheet: Any = book["shots"]
    for merged in ("A1:E1", "A3:A4", "D3:D4", "A5:E5"):
        sheet.merge_cells(merged)
    book.save(path)
    assert [(shot.code, shot.sequence, shot.nb_frames, shot.prompt) for shot in load(path).shots] == [
        ("sh010", "sq010", 48, "push in"),
        ("sh020", "sq010", 48, ""),
        ("sh030", "sq020", 72, ""),
    ]
    remedy = "merged across columns: a heading, and no shot (nothing to do, or unmerge it)"
    assert said(path) == [f'shots.xlsx:1: "The Lake" is {remedy}', f'shots.xlsx:5: "INT. LAKE, NIGHT" is {remedy}']


def test_ranges_fill_downwards_only_and_only_blanks() -> None:
    rows: list[Any] = [(1, ["a", "b"]), (2, ["", "c"]), (4, []), (5, ["d"])]
    found, headings = merged_rows(rows, [Merge(1, 4, 0, 1), Merge(1, 9, 7, 7), Merge(5, 1_000_000, 0, 0)])
    assert found == [(1, ["a", "b"]), (2, ["a", "c"]), (4, ["a"]), (5, ["d"])]
    assert headings == []


@pytest.mark.parametrize(("on_disk", "in_list"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_name_is_found_as_the_disk_spells_it(write: Write, tmp_path: Path, on_disk: Any, in_list: Any) -> None:
    name = "séquence/crémaillère.png"
    there = write(unicodedata.normalize(on_disk, name), b"picture")
    text = unicodedata.normalize(in_list, f"Shot,Still,Duration\nsh010,{name},2\n")
    still = load(write("shots.csv", text)).shots[0].still
    assert still == str(there)
    assert Path(still).is_file()


def test_a_name_that_is_nowhere_stays_as_it_was_written(tmp_path: Path) -> None:
    assert spelled(f"{tmp_path}/é.png") == f"{tmp_path}/é.png"
    assert spelled("/no/such/é\0.png") == "/no/such/é\0.png"
