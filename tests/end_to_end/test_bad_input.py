"""Bad input gets one clear error that names the place and the remedy; the rest goes on."""

from __future__ import annotations

import json
import struct
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from farm.media import probe


def bomb(path: Path) -> None:
    """A PNG of 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


LISTS = [
    ("", "shots.csv: ", "empty"),
    ("Shot,Still,Duration\n", "shots.csv", "no shot"),
    ("Shot,Still,Duration\nsh010,a.png,0\n", 'shots.csv:2 column "Duration"', "no length"),
    ("Shot,Still,Duration\nsh010,a.png,90000\n", 'shots.csv:2 column "Duration"', ""),
    ("Shot,Still,Duration\nsh010,a.png,soon\n", 'shots.csv:2 column "Duration"', "soon"),
    ("Shot,Still,Duration\nsh010,a.png,1\nsh010,b.png,1\n", 'shots.csv:3 column "Shot"', "sh010"),
    ("Shot,Still,Duration\n../../etc,a.png,1\n", 'shots.csv:2 column "Shot"', "../../etc"),
    ("Shot,Still,Duration\nsh010,,1\n", "shots.csv:2", "still"),
]


@pytest.mark.parametrize(("text", "place", "problem"), LISTS, ids=[problem or "long" for _, _, problem in LISTS])
def test_a_list_that_cannot_be_read_ends_with_2_and_starts_nothing(studio, text, place, problem):
    studio.list.write_text(text)
    done = studio.say("render", str(studio.list), "--out", str(studio.out))
    assert done.returncode == 2
    assert place in done.stderr
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert not studio.out.exists()


def test_every_error_is_told_at_once(studio):
    studio.list.write_text("Shot,Still,Duration,Takes\nsh010,a.png,0,99\nsh020,,1,1\n")
    done = studio.say("render", str(studio.list), "--out", str(studio.out))
    assert all(place in done.stderr for place in ("shots.csv:2", "Duration", "Takes", "shots.csv:3"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("render", "nowhere.csv"), "nowhere.csv"),
        (("render", "LIST", "--model", "annimatic"), "animatic"),
        (("render", "LIST", "--shots", "sh999"), "sh999"),
        (("render", "LIST", "--size", "huge"), "huge"),
        (("render", "LIST", "--project", "nowhere.yaml"), "nowhere.yaml"),
        (("plan", "LIST", "--out", "ftp://host/x"), "ftp"),
        (("gc", "--out", "empty"), "no job store"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_word_on_the_command_line_is_named(studio, words, said):
    studio.write('sq010,sh010,stills/coffee.png,0.5,"Slow push in",1')
    done = studio.say(*(str(studio.list) if word == "LIST" else word for word in words))
    assert done.returncode in {1, 2}
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_an_output_that_cannot_be_written_is_named(studio):
    studio.write('sq010,sh010,stills/coffee.png,0.5,"Slow push in",1')
    (studio.folder / "file").write_text("in the way")
    for out in (studio.folder / "file", studio.folder / "file" / "below"):
        done = studio.say("render", str(studio.list), "--out", str(out))
        assert done.returncode == 2
        assert str(studio.folder / "file") in done.stderr
        assert "Traceback" not in done.stderr


def test_lint_names_rows_and_ends_with_1(studio):
    (studio.folder / "stills" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    studio.write(
        'sq010,sh010,stills/broken.png,1,"Slow push in toward the cup",1',
        "sq010,sh020,stills/coffee.png,1,make it move,1",
    )
    done = studio.say("lint", str(studio.list), "--json")
    errors = {finding["shot"]: finding for finding in json.loads(done.stdout) if finding["severity"] == "error"}
    assert done.returncode == 1
    assert (errors["sh010"]["place"]["row"], errors["sh020"]["place"]["row"]) == (2, 3)
    assert all(finding["remedy"] for finding in errors.values())


@pytest.mark.ray
def test_bad_stills_fail_alone_and_the_others_finish_though_theirs_vanish_meanwhile(studio):
    stills = studio.folder / "stills"
    (stills / "cut.png").write_bytes((stills / "coffee.png").read_bytes()[:20_000])
    (stills / "text.png").write_text("I am a text")
    bomb(stills / "bomb.png")
    (stills / "folder.png").mkdir()
    studio.write(
        'sq010,sh010,stills/cut.png,0.5,"Slow push in",1',
        'sq010,sh020,stills/text.png,0.5,"Slow push in",1',
        'sq010,sh030,stills/bomb.png,0.5,"Slow push in",1',
        'sq010,sh040,stills/folder.png,0.5,"Slow push in",1',
        'sq010,sh050,stills/coffee.png,0.5,"make it move",1',
        'sq010,sh060,stills/coffee.png,0.5,"Slow push in",1',
    )
    command = studio.command("render", str(studio.list), "--out", str(studio.out), "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=studio.env) as farm:
        while not list(studio.out.glob("store/*/asset/*/*/*")):
            assert farm.poll() is None, farm.communicate()
            time.sleep(0.01)
        (stills / "coffee.png").unlink()
        out, err = farm.communicate(timeout=500)
    assert farm.returncode == 1, err
    summary = json.loads(out)
    shots = {shot["code"]: shot for shot in summary["shots"]}
    assert [code for code, shot in shots.items() if shot["state"] == "done"] == ["sh060"]
    for row, code in enumerate(("sh010", "sh020", "sh030", "sh040", "sh050"), 2):
        assert shots[code]["reason"].startswith(f"shots.csv:{row}"), shots[code]["reason"]
    assert probe(studio.out / summary["animatic"]).frames == 6 * 12
