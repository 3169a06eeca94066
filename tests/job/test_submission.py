"""A submission and its document: exact both ways, small, and closed to anything that no list could have said."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries

from farm.config import Project
from farm.errors import InputError
from farm.findings import Finding, Place, Severity
from farm.shots.model import DurationFit, Fit, Interpolate, LoopMethod, Reroll, Select, Shot, ShotList
from farm.submission import SCHEMA_VERSION, Submission
from farm.tasks import Asset, asset_key

DIGEST = "ab" * 32

TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=30).map(
    lambda text: __import__("unicodedata").normalize("NFC", text)
)
SLUGS = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)
RATES = st.sampled_from([Fraction(24), Fraction(25, 2), Fraction(24000, 1001), Fraction(239_761_234_567, 10**10)])
SIDES = st.integers(1, 4096).map(lambda half: 2 * half)
PLACES = st.builds(Place, TEXTS, st.none() | st.integers(1, 9999), st.none() | TEXTS)
FINDINGS = st.builds(Finding, st.sampled_from(Severity), SLUGS, PLACES, TEXTS, TEXTS, TEXTS)
PAIRS = st.dictionaries(SLUGS, TEXTS, max_size=3)
NAMES = st.lists(SLUGS, min_size=1, max_size=3, unique=True).map(tuple)


def asset(name: str = "still.png", project: str = "demo") -> Asset:
    return Asset(digest=DIGEST, name=name, key=asset_key(project, DIGEST, name))


@st.composite
def shots(draw, code: str) -> Shot:
    return Shot(
        code=code,
        place=draw(PLACES),
        sequence=draw(st.just("") | SLUGS),
        episode=draw(st.just("") | SLUGS),
        scene=draw(TEXTS),
        cut_order=draw(st.integers(-1000, 1000)),
        external_ids=draw(PAIRS),
        still=draw(TEXTS),
        end=draw(TEXTS),
        references=draw(st.lists(TEXTS, max_size=2).map(tuple)),
        fps=draw(RATES),
        nb_frames=draw(st.integers(1, 5000)),
        frame_in=draw(st.integers(0, 99999)),
        handles=draw(st.integers(0, 240)),
        width=draw(SIDES),
        height=draw(SIDES),
        fit=draw(st.sampled_from(Fit)),
        prompt=draw(TEXTS),
        fidelity=draw(st.integers(0, 1000)) / 1000,
        loop=draw(st.booleans()),
        picks=draw(st.integers(1, 16)),
        draft_first=draw(st.booleans()),
        rerolls=tuple(draw(st.lists(st.builds(Reroll, st.integers(1, 4), TEXTS, TEXTS), max_size=2))),
        takes=draw(st.integers(1, 16)),
        models=draw(NAMES),
        fallback=draw(st.just("") | SLUGS),
        seed=draw(st.none() | st.integers(0, 2**32 - 1)),
        priority=draw(st.integers(0, 100)),
        budget=draw(st.none() | st.fractions(0, 10**6)),
        targets=draw(NAMES),
        select=draw(st.sampled_from(Select)),
        upscale=draw(st.sampled_from(("auto", "off")) | SLUGS),
        interpolate=draw(st.sampled_from(Interpolate)),
        duration_fit=draw(st.sampled_from(DurationFit)),
        loop_method=draw(st.sampled_from(LoopMethod)),
        audio=draw(TEXTS),
        metadata=draw(PAIRS),
    )


@st.composite
def submissions(draw) -> Submission:
    codes = draw(st.lists(SLUGS, max_size=4, unique=True))
    refused = {code: draw(TEXTS) for code in codes if draw(st.booleans())}
    project = draw(SLUGS)
    shot_list = ShotList(
        project=project,
        name=draw(SLUGS),
        shots=tuple(draw(shots(code)) for code in codes),
        fps=draw(RATES),
        width=draw(SIDES),
        height=draw(SIDES),
        seed=draw(st.integers(0, 2**32 - 1)),
        music=draw(st.dictionaries(st.just("") | SLUGS, TEXTS, max_size=2)),
        source=draw(TEXTS),
        findings=draw(st.lists(FINDINGS, max_size=2).map(tuple)),
    )
    return Submission(
        shot_list=shot_list,
        project=draw(projects()),
        assets={
            code: {"still": asset(project=project), "audio": asset("sound.wav", project=project)}
            for code in codes
            if code not in refused
        },
        music={key: asset("sound.flac", project=project) for key in shot_list.music},
        refused=refused,
        only=draw(st.none() | (st.sets(st.sampled_from(codes)).map(frozenset) if codes else st.just(frozenset()))),
        warnings=draw(st.lists(TEXTS, max_size=2).map(tuple)),
        draft=draw(st.booleans()),
    )


@st.composite
def projects(draw) -> Project:
    said = {
        "project": draw(SLUGS),
        "fps": draw(st.sampled_from(["24", "25", "23.976", "12.5"])),
        "size": draw(st.sampled_from(["1080p", "640x360"])),
        "budget": draw(st.sampled_from(["0", "12.50", "1/3", "0.123456789012", "2"])),
        "fit": draw(st.sampled_from(["crop", "pad"])),
        "models": draw(NAMES),
        "path_mapping": draw(st.sampled_from([[], [["P:\\", "/mnt/p"]]])),
        "sequences": draw(st.sampled_from([[], [{"sequence": "sq010", "music": "m.wav"}]])),
        "retention": {"rejected_days": draw(st.integers(0, 99))},
        "naming": draw(st.sampled_from(["{shot}_{product}_{version}", "{project}_{shot}_{product}_{version}"])),
    }
    return Project.model_validate({name: said[name] for name in draw(st.sets(st.sampled_from(sorted(said))))})


@pytest.fixture
def simple(shot):
    shot_list = ShotList(
        project="demo", name="shots", shots=(shot("sh010"), shot("sh020")), fps=Fraction(24), width=640, height=360
    )
    return Submission(shot_list=shot_list, assets={"sh010": {"still": asset()}}, refused={"sh020": "no such file"})


@given(submissions())
@settings(deadline=None, max_examples=tries(60))
def test_a_document_says_exactly_what_was_submitted(submission):
    said = json.loads(json.dumps(submission.document()))
    assert Submission.read(said) == submission
    assert Submission.read(said).document() == submission.document()


def test_the_document_stays_as_it_is(simple):
    asked = replace(simple, only=frozenset({"sh020", "sh010"}), warnings=("shots.csv:2: dark",), draft=True)
    asked = replace(asked, project=Project(fps=Fraction(24000, 1001), budget=Fraction(1, 8), size=(640, 360)))
    assert json.loads(json.dumps(asked.document())) == {
        "schema_version": 1,
        "project": "demo",
        "name": "shots",
        "fps": "24",
        "width": 640,
        "height": 360,
        "settings": {"fps": "24000/1001", "budget": "0.125", "size": [640, 360]},
        "only": ["sh010", "sh020"],
        "warnings": ["shots.csv:2: dark"],
        "draft": True,
        "shots": [
            {
                "code": "sh010",
                "place": {"file": "shots.csv", "row": 2},
                "sequence": "sq010",
                "still": "/stills/sh010.png",
                "fps": "24",
                "nb_frames": 48,
                "width": 640,
                "height": 360,
                "prompt": "slow push in",
                "takes": 2,
                "row": "shots.csv:2",
                "assets": {"still": f"{DIGEST}/still.png"},
            },
            {
                "code": "sh020",
                "place": {"file": "shots.csv", "row": 2},
                "sequence": "sq010",
                "still": "/stills/sh020.png",
                "fps": "24",
                "nb_frames": 48,
                "width": 640,
                "height": 360,
                "prompt": "slow push in",
                "takes": 2,
                "row": "shots.csv:2",
                "refused": "no such file",
            },
        ],
    }


def test_five_thousand_shots_are_a_document_of_a_few_megabytes(simple, shot):
    many = tuple(shot(f"sh{number:05}", prompt="slow push in toward the boat " * 8) for number in range(5000))
    asked = replace(
        simple,
        shot_list=replace(simple.shot_list, shots=many),
        assets={each.code: {"still": asset(), "end": asset(), "mask": asset()} for each in many},
        refused={},
    )
    assert len(json.dumps(asked.document())) < 5e6


def test_a_newer_farms_document_is_refused(simple):
    with pytest.raises(InputError, match=r"newer farm.*version 2.*reads 1"):
        Submission.read({**simple.document(), "schema_version": SCHEMA_VERSION + 1})


def change(**fields):
    return lambda said: said.update(fields)


def change_shot(**fields):
    return lambda said: said["shots"][0].update(fields)


@pytest.mark.parametrize(
    ("harm", "place"),
    [
        pytest.param(lambda said: said.pop("schema_version"), "schema_version", id="no version"),
        pytest.param(change(schema_version=True), "schema_version", id="version is no number"),
        pytest.param(change(shots=None), "shots", id="no shots"),
        pytest.param(change(shots=["sh010"]), r"shots\[0\]", id="shot is text"),
        pytest.param(change(shots=[{}] * 50_001), "shots", id="too many shots"),
        pytest.param(change(unheard=1), "unheard", id="unknown setting"),
        pytest.param(change(project="../etc"), "project", id="project leaves its folder"),
        pytest.param(change(name="a/b"), "name", id="name leaves its folder"),
        pytest.param(change(width=641), "width", id="odd width"),
        pytest.param(change(height=10**9), "height", id="huge height"),
        pytest.param(change(fps="0"), "fps", id="no rate"),
        pytest.param(change(fps="1e999999999"), "fps", id="a rate that fills memory"),
        pytest.param(change(only=["sh999"]), "only", id="only of no shot"),
        pytest.param(change(settings={"naming": "../{shot}{version}"}), "naming", id="naming leaves its folder"),
        pytest.param(change(settings={"budget": "1e999999999"}), "budget", id="a budget that fills memory"),
        pytest.param(change(settings={"path": "../../{shot}"}), "path", id="path leaves its folder"),
        pytest.param(
            change(name="sh010", settings={"naming": "{shot}_{version}", "path": "{project}"}),
            "called like its list",
            id="clip and animatic of one name",
        ),
        pytest.param(change(findings=[1]), r"findings\[0\]", id="finding is a number"),
        pytest.param(change_shot(unheard=1), r"shots\[0\].unheard", id="unknown field"),
        pytest.param(change_shot(code="../sh010"), r"shots\[0\].code", id="code leaves its folder"),
        pytest.param(change_shot(code="sh020"), "shots", id="code twice"),
        pytest.param(change_shot(sequence="a/b"), r"shots\[0\].sequence", id="sequence leaves its folder"),
        pytest.param(change_shot(fps="1/0"), r"shots\[0\].fps", id="rate by zero"),
        pytest.param(change_shot(fps=24.5), r"shots\[0\].fps", id="rate is a float"),
        pytest.param(change_shot(budget="1e999999999"), r"shots\[0\].budget", id="a shot's budget that fills memory"),
        pytest.param(change_shot(nb_frames=0), r"shots\[0\].nb_frames", id="no frames"),
        pytest.param(change_shot(nb_frames=10**9), r"shots\[0\].nb_frames", id="days of frames"),
        pytest.param(change_shot(takes=1000), r"shots\[0\].takes", id="a thousand takes"),
        pytest.param(change_shot(handles=-1), r"shots\[0\].handles", id="negative handles"),
        pytest.param(change_shot(fidelity=7), r"shots\[0\].fidelity", id="fidelity beyond 1"),
        pytest.param(change_shot(models=[]), r"shots\[0\]", id="no model"),
        pytest.param(change_shot(models=["a;b"]), r"shots\[0\].models", id="a model that is no name"),
        pytest.param(change_shot(fit="stretch"), r"shots\[0\].fit", id="no such fit"),
        pytest.param(change_shot(prompt="a\x00b"), r"shots\[0\].prompt", id="control character"),
        pytest.param(change_shot(prompt="a" * 20_001), r"shots\[0\].prompt", id="a book"),
        pytest.param(change_shot(metadata={"a": "\x1b[2J"}), r"shots\[0\].metadata", id="escape in metadata"),
        pytest.param(change_shot(still="/a\ud800.png"), r"shots\[0\].still", id="half a character"),
        pytest.param(change(warnings=["a", "\x1b[2J"]), r"warnings\[1\]", id="escape in a warning"),
        pytest.param(change_shot(metadata={"\x9b2J": "a"}), r"shots\[0\].metadata", id="escape in a name"),
        pytest.param(change_shot(assets={}), r"shots\[0\].assets", id="no still"),
        pytest.param(change_shot(assets={"still": "../../etc/passwd"}), r"shots\[0\].assets", id="asset elsewhere"),
        pytest.param(change_shot(assets={"still": f"{DIGEST}/../x"}), r"shots\[0\].assets", id="asset's name"),
        pytest.param(change_shot(assets={"still": f"{DIGEST[:-1]}/still"}), r"shots\[0\].assets", id="short digest"),
        pytest.param(
            change_shot(assets={"still": f"{DIGEST}/still", "*": f"{DIGEST}/still"}), r"shots\[0\].assets", id="role"
        ),
    ],
)
def test_what_no_list_could_have_said_is_refused_with_its_place(simple, harm, place):
    said = json.loads(json.dumps(simple.document()))
    harm(said)
    with pytest.raises(InputError, match=place):
        Submission.read(said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def places(value, path=()):
    """Every place in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from places(inner, (*path, step))


@given(submissions(), st.data())
@settings(deadline=None, max_examples=tries(200))
def test_whatever_stands_in_a_document_it_is_used_or_refused(submission, data):
    said = json.loads(json.dumps(submission.document()))
    *path, last = data.draw(st.sampled_from([place for place in places(said) if place]))
    inner = said
    for step in path:
        inner = inner[step]
    inner[last] = data.draw(JSON)
    try:
        json.dumps(Submission.read(said).document(), allow_nan=False)
    except InputError as error:
        assert "document" in str(error)  # noqa: PT017
