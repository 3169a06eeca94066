"""YAML and JSON keep every line, and cannot hurt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farm.errors import DocumentError
from farm.shots.load import load
from farm.shots.reading.document import read_document
from farm.shots.reading.json_reader import json_cells
from farm.shots.reading.yaml_reader import yaml_cells

Write = Callable[[str, "str | bytes"], Path]
Said = Callable[..., list[str]]

YAML = """\
# a comment
project: lake
defaults: &base
  still: a.png
  duration: 2
shots:
  - code: 010
    loop: no
    bid: 5
  - <<: *base
    code: b
    fidelity: |
      seventy
"""
JSON = """\
{
\t"project": "lake", "defaults": {"still": "a.png", "duration": 2.50},
  "shots": [
    {"code": "010", "loop": false, "notes": "\\ud83c\\udfa5 caf\\u00e9 \\/"},
    {"code": "b",
     "fidelity": 70}
  ]
}
"""


def test_yaml_findings_name_line_and_field(write: Write, said: Said) -> None:
    unknown = "not a column the farm knows; kept as metadata (map it in a mapping file, or leave it)"
    assert said(write("shots.yaml", YAML)) == [
        f'shots.yaml:9 column "shots[0].bid": {unknown}',
        'shots.yaml:12 column "shots[1].fidelity": "seventy" is no number (write digits, such as 12 or 0.5)',
    ]


def test_json_findings_name_line_and_field(write: Write, said: Said) -> None:
    assert said(write("shots.json", JSON)) == [
        'shots.json:6 column "shots[1].fidelity": 70 is not between 0 and 1 (write 0.7 or 70%)'
    ]


def test_scalars_stay_as_written(write: Write) -> None:
    shot = load(write("shots.yaml", YAML.replace("seventy", "70%"))).shots[0]
    assert (shot.code, shot.loop, shot.metadata) == ("010", False, {"bid": "5"})
    shot = load(write("shots.json", JSON.replace("70", "0.7"))).shots[0]
    assert (shot.nb_frames, shot.loop, shot.notes) == (60, False, "🎥 café /")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "shots: [", "a.yaml:2: not readable as YAML: did not find expected node content"),
        ("a.yaml", "a: b\n  c: d\n", "a.yaml:2: not readable as YAML: mapping values are not allowed"),
        ("a.yaml", "a: 1\n---\nb: 2\n", "a.yaml:2: a second document begins (keep one document in a file)"),
        ("a.yaml", "a: 1\na: 2\n", 'a.yaml:2: "a" stands twice (keep one of them)'),
        ("a.yaml", "a: *b\n", "a.yaml:1: *b stands nowhere (define &b first)"),
        ("a.yaml", "? [a]\n: b\n", "a.yaml:1: a key must be plain text (check the indents)"),
        ("a.yaml", "<<: 5\n", 'a.yaml:1 column "<<": << takes a mapping (write <<: *name)'),
        ("a.yaml", "[" * 40 + "]" * 40, "a.yaml:1: nested more than 32 deep (a shot list is flat)"),
        ("a.yaml", "a: \x01\n", "a.yaml: not readable as YAML"),
        ("a.yaml", "a: 5\n", "a.yaml:1: there is no list of shots"),
        ("a.yaml", "shots: [5]\n", 'a.yaml:1 column "shots[0]": a shot\'s settings belong here'),
        ("a.yaml", "fpss: 5\nshots: [{}]\n", '"fpss" is no setting of a list (did you mean "fps"?)'),
        (
            "a.yaml",
            "takes: 5\nshots: [{}]\n",
            'a.yaml:1 column "takes": "takes" is no setting of a list (settings for every shot belong under defaults:)',
        ),
        ("a.yaml", "show: a\nproject: b\nshots: [{}]\n", 'a.yaml:2 column "project": "project" is given twice'),
        ("a.yaml", "{" + ",".join(f"k{n}: 1" for n in range(501)) + "}", "a.yaml:1: more than 500 different settings"),
        (
            "a.yaml",
            "\n".join(f"- {{code: s{n}, k{n}: 1}}" for n in range(502)),
            ": more than 500 different settings",
        ),
        ("a.yaml", "- {code: a, Shot: b}\n", 'a.yaml:1 column "[0].Shot": "code" is given twice (keep one of them)'),
        ("a.yaml", '- {"a\\e[1mb": {x: 1}}\n', 'a.yaml:1 column "[0].a�[1mb": not a column'),
        ("a.yaml", "- {project: x}\n- {project: y}\n", '"y" is another project than "x" above'),
        ("a.json", "{", "a.json:1: not readable as JSON: expecting property name"),
        ("a.json", '{"a": 1,\n "a": 2}', 'a.json:1: "a" stands twice (keep one of them)'),
        ("a.json", '{"a": 1} x', "a.json:1: not readable as JSON: extra data"),
        ("a.json", "[" * 40 + "]" * 40, "nested more than 32 deep (a shot list is flat)"),
        ("a.json", "[" * 100_000, "a.json: nested more than 32 deep (a shot list is flat)"),
        ("a.json", '[{"code": "\\ud800", "still": "a", "duration": 1}]', 'holds a control character'),
        ("a.json", '[{"code": NaN, "still": "a", "duration": Infinity}]', '"Infinity" is no length'),
    ],
)  # fmt: skip
def test_documents_that_cannot_be_used(write: Write, said: Said, name: str, content: str, message: str) -> None:
    assert any(message in found for found in said(write(name, content)))


def test_an_alias_bomb_is_refused_at_once(write: Write, said: Said) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    path = write("bomb.yaml", "\n".join(["l0: &l0 [lol]", *levels]))
    started = time.process_time()
    assert said(path) == ["bomb.yaml:8: more than 1000000 values (split the list; write aliases out)"]
    assert time.process_time() - started < 5


def test_tags_construct_nothing(write: Write) -> None:
    text = "- {code: a, still: a.png, duration: 2, notes: !!python/object/apply:os.system ['exit 1']}\n"
    with pytest.raises(DocumentError, match="a list where one value belongs"):
        load(write("a.yaml", text))


def test_what_nobody_knows_is_kept_wherever_it_stands(write: Write) -> None:
    text = """\
defaults: {client: lake, bid: 3}
shots:
- {code: a, still: a.png, duration: 2, bid: 5, crew: [x, y], metadata: {Bid days: 7}}
- {code: b, still: a.png, duration: 2}
"""
    first, second = load(write("a.yaml", text)).shots
    assert first.metadata == {"client": "lake", "bid": "5", "crew": "x, y", "Bid days": "7"}
    assert second.metadata == {"client": "lake", "bid": "3"}


def test_a_merged_key_keeps_its_own_line(write: Write) -> None:
    shots = load(write("shots.yaml", YAML.replace("seventy", "70%"))).shots
    assert [(shot.nb_frames, shot.place.row) for shot in shots] == [(48, 7), (48, 10)]


DOCUMENTS = st.recursive(
    st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc<", min_size=1, max_size=3), inner),
    max_leaves=10,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENTS.filter(lambda document: "<<" not in str(document)))
def test_both_readers_give_back_what_was_written(document: object) -> None:
    assert json_cells(json.dumps(document), "a.json").plain == document
    cell = yaml_cells(yaml.safe_dump(document), "a.yaml")
    assert cell is not None
    assert cell.plain == document


def test_a_long_list_is_read_in_reasonable_time(write: Write) -> None:
    shots = [{"code": f"sh{n:05}", "still": f"stills/{n}.png", "duration": "3.5"} for n in range(500)]
    started = time.process_time()
    assert len(load(write("long.yaml", yaml.safe_dump(shots))).shots) == 500
    assert len(read_document(write("long.json", json.dumps(shots))).value or ()) == 500
    assert time.process_time() - started < 5
