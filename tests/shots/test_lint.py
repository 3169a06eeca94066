"""What the linter says of shots: one row of bad content, one rule."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import tries
from PIL import Image, ImageFilter

from farm.findings import Finding, Place, Severity
from farm.models.spec import ModelSpec
from farm.shots.checks.prompts import example_for
from farm.shots.checks.rules import RULES
from farm.shots.lint import LIMIT_MP, lint, lint_shot, measurer
from farm.shots.model import Fit, LoopMethod, Shot, ShotList
from farm.shots.motion import read
from farm.shots.products import PRODUCTS
from farm.shots.reading.presets import PresetEntry, known_products


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stills, good and bad, named for what they are."""
    folder = tmp_path_factory.mktemp("stills")
    photo = Image.fromarray(skimage.data.coffee()).resize((1920, 1280), Image.Resampling.BICUBIC)
    good = photo.crop((0, 100, 1920, 1180))
    good.save(folder / "good.png", compress_level=1)
    good.filter(ImageFilter.GaussianBlur(7)).save(folder / "soft.png", compress_level=1)
    good.filter(ImageFilter.GaussianBlur(30)).save(folder / "blurred.png", compress_level=1)
    good.resize((960, 540)).save(folder / "small.png", compress_level=1)
    good.resize((320, 180)).save(folder / "tiny.png", compress_level=1)
    good.resize((1280, 720)).save(folder / "hd.png", compress_level=1)
    good.save(folder / "q40.jpg", quality=40)
    Image.open(folder / "q40.jpg").resize((1920, 1080)).save(folder / "blocky.png", compress_level=1)
    good.point(lambda v: v // 5).save(folder / "dark.png", compress_level=1)
    good.point(lambda v: min(255, v * 4)).save(folder / "over.png", compress_level=1)
    photo.crop((0, 0, 1280, 1280)).save(folder / "square.png", compress_level=1)
    photo.crop((0, 100, 1920, 1210)).save(folder / "tall.png", compress_level=1)
    see_through = good.copy()
    see_through.putalpha(200)
    see_through.save(folder / "alpha.png", compress_level=1)
    good.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    good.save(folder / "moving.webp", save_all=True, append_images=[good.rotate(1)], quality=95)
    (folder / "broken.png").write_bytes((folder / "good.png").read_bytes()[:5000])
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("not a picture")
    (folder / "folder.png").mkdir()
    mask = np.zeros((540, 960), np.uint8)
    Image.fromarray(mask).save(folder / "black.png", compress_level=1)
    mask[100:300, 200:500] = 255
    Image.fromarray(mask).save(folder / "mask.png", compress_level=1)
    Image.fromarray(mask).resize((500, 500)).save(folder / "square_mask.png", compress_level=1)
    good.resize((960, 540)).save(folder / "colour_mask.png", compress_level=1)
    return folder


def _shot(stills: Path, **fields: object) -> Shot:
    named = {key: str(stills / value) if isinstance(value, str) and value.endswith(SUFFIXES) else value
             for key, value in fields.items()}  # fmt: skip
    defaults: dict[str, object] = {
        "code": "sh010", "place": Place("shots.csv", 7), "still": str(stills / "good.png"), "fps": Fraction(24),
        "nb_frames": 96, "width": 1920, "height": 1080, "prompt": "slow push in",
    }  # fmt: skip
    return Shot(**(defaults | named))  # type: ignore[arg-type]


MEASURE = measurer(LIMIT_MP)
SUFFIXES = (".png", ".jpg", ".webp")


def _rules(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in findings}


def test_a_good_shot_has_no_findings(stills: Path) -> None:
    assert lint_shot(_shot(stills), measure=MEASURE) == ()


PICTURES = [
    ({"still": ""}, {"still.missing"}),
    ({"still": "gone.png"}, {"still.missing"}),
    ({"still": "folder.png"}, {"still.folder"}),
    ({"still": "empty.png"}, {"still.empty"}),
    ({"still": "text.png"}, {"still.format"}),
    ({"still": "broken.png"}, {"still.damaged"}),
    ({"still": "https://studio.example/still.jpeg"}, {"still.remote"}),
    ({"still": "s3://stills/[oops"}, {"still.remote"}),
    ({"still": "tiny.png"}, {"still.tiny"}),
    ({"still": "small.png"}, {"still.small"}),
    ({"still": "hd.png"}, {"still.enlarged"}),
    ({"still": "soft.png"}, {"still.soft"}),
    ({"still": "blurred.png"}, {"still.blurred"}),
    ({"still": "q40.jpg"}, {"still.compressed"}),
    ({"still": "blocky.png"}, {"still.blocky"}),
    ({"still": "dark.png"}, {"still.dark"}),
    ({"still": "over.png"}, {"still.clipped"}),
    ({"still": "tall.png"}, {"still.cropped"}),
    ({"still": "square.png"}, {"still.cropped_much", "still.enlarged"}),
    ({"still": "square.png", "fit": Fit.PAD}, {"still.padded"}),
    ({"still": "alpha.png"}, {"still.normalised"}),
    ({"still": "cmyk.jpg"}, {"still.normalised"}),
    ({"still": "moving.webp"}, {"still.frames"}),
    ({"end": "good.png"}, set()),
    ({"end": "gone.png"}, {"still.missing"}),
    ({"end": "square.png"}, {"end.aspect"}),
    ({"mask": "mask.png"}, set()),
    ({"depth": "mask.png"}, set()),
    ({"mask": "black.png"}, {"matte.flat"}),
    ({"mask": "square_mask.png"}, {"matte.aspect"}),
    ({"depth": "colour_mask.png"}, {"matte.colour"}),
    ({"depth": "text.png"}, {"still.format"}),
    ({"references": ("/nowhere/ref.jpeg",)}, {"still.missing"}),
]


@pytest.mark.parametrize(("fields", "expected"), PICTURES, ids=[str(row[0]) for row in PICTURES])
def test_pictures(fields: dict[str, object], expected: set[str], stills: Path) -> None:
    found = _rules(lint_shot(_shot(stills, **fields), measure=MEASURE))
    assert found - {"still.enlarged"} == expected - {"still.enlarged"}
    assert expected <= found


WORDS = [
    ({"prompt": ""}, {"prompt.hold"}),
    ({"prompt": "   "}, {"prompt.hold"}),
    ({"prompt": "", "camera": "push in"}, set()),
    ({"prompt": "static camera"}, set()),
    ({"prompt": "make it move"}, {"prompt.vague"}),
    ({"prompt": "Animate this!"}, {"prompt.vague"}),
    ({"prompt": "bring it to life"}, {"prompt.vague"}),
    ({"prompt": "add some motion"}, {"prompt.vague"}),
    ({"prompt": "cinematic, dynamic"}, {"prompt.vague"}),
    ({"prompt": "cinematic slow push in"}, set()),
    ({"prompt": "make it move", "camera": "pan left"}, set()),
    ({"prompt": "a lighthouse on a cliff"}, {"prompt.nothing"}),
    ({"prompt": "static camera, pan left"}, {"prompt.contradiction"}),
    ({"prompt": "push in and pull back"}, {"prompt.contradiction"}),
    ({"prompt": "push in, tilt up, pan left"}, {"prompt.crowded"}),
    ({"prompt": "push in, then tilt up, then pan left"}, set()),
    ({"prompt": "pan left, cut to a beach"}, {"prompt.scenes"}),
    ({"prompt": "push in, no people"}, {"prompt.negation"}),
    ({"prompt": "don't move the camera"}, {"prompt.negation"}),
    ({"prompt": "slow pan"}, {"prompt.side"}),
    ({"prompt": "slow pan", "direction": "left"}, set()),
    ({"camera": "wibble"}, {"column.unread", "prompt.nothing"}),
    ({"speed": "eleven"}, {"column.unread"}),
    ({"direction": "hither"}, {"column.unread"}),
    ({"atmosphere": "romance"}, {"column.unread"}),
]


@pytest.mark.parametrize(("fields", "expected"), WORDS, ids=[str(row[0]) for row in WORDS])
def test_words(fields: dict[str, object], expected: set[str], stills: Path) -> None:
    assert _rules(lint_shot(_shot(stills, **fields), measure=MEASURE)) == expected


def _spec(name: str, *, needs_prompt: bool = False, limit: int = 2000, licence: str = "Apache-2.0") -> ModelSpec:
    return ModelSpec(
        name=name,
        title=name,
        revision="1",
        licence=licence,
        needs_prompt=needs_prompt,
        conditions=frozenset({"start"}),
        prompt_limit=limit,
    )


SPECS = {
    spec.name: spec
    for spec in (_spec("animatic"), _spec("wan", needs_prompt=True, limit=40), _spec("svd", licence="stability"))
}
MODELS = [
    ({"models": ("animatic", "wan")}, set()),
    ({"models": ("annimatic",)}, {"model.unknown"}),
    ({"fallback": "nope"}, {"model.unknown"}),
    ({"models": ("wan",), "prompt": ""}, {"prompt.empty", "prompt.hold"}),
    ({"models": ("wan",), "prompt": "", "camera": "push in"}, set()),
    ({"models": ("wan",), "prompt": "slow push in toward the boat, then pan left"}, {"prompt.long"}),
    ({"models": ("svd",)}, {"model.licence"}),
]


@pytest.mark.parametrize(("fields", "expected"), MODELS, ids=[str(row[0]) for row in MODELS])
def test_models(fields: dict[str, object], expected: set[str], stills: Path) -> None:
    assert _rules(lint_shot(_shot(stills, **fields), specs=SPECS, licences={"Apache-2.0"}, measure=MEASURE)) == expected


def test_models_are_not_checked_where_none_are_given(stills: Path) -> None:
    assert lint_shot(_shot(stills, models=("nope",))) == ()


def test_a_near_name_is_offered(stills: Path) -> None:
    (found,) = lint_shot(_shot(stills, models=("Animatik",)), specs=SPECS, measure=MEASURE)
    assert found.remedy == 'did you mean "animatic"?'


def test_findings_stand_in_the_users_coordinates(stills: Path) -> None:
    (found,) = lint_shot(_shot(stills, still="gone.png"), measure=MEASURE)
    assert str(found).startswith('shots.csv:7 column "still": there is no file ')
    assert (found.shot, found.severity) == ("sh010", Severity.ERROR)


def test_every_finding_has_a_remedy(stills: Path) -> None:
    other: list[dict[str, object]] = [
        {"driving_video": "/x.mp4"},
        {"targets": ("imax", "reels", "slated"), "nb_frames": 24},
        {"targets": ("x",), "nb_frames": 240},
        {"targets": ("slated",), "frame_in": 1},
        {"targets": ("dnxhr-hqx",), "width": 64, "height": 64},
    ]
    shots = [_shot(stills, **fields) for fields in (*(row[0] for row in (*PICTURES, *WORDS, *MODELS)), *other)]
    slated = PresetEntry(name="slated", base="png", slate="yes")
    allowed = {"licences": {"Apache-2.0"}, "targets": known_products([slated])}
    found = [one for shot in shots for one in lint_shot(shot, specs=SPECS, measure=MEASURE, **allowed)]
    assert all(one.remedy for one in found)
    of_sounds = {rule for rule in RULES if rule.startswith(("audio.", "music."))}
    assert {one.rule for one in found} >= RULES.keys() - of_sounds - {"still.huge", "still.unreadable", "loop.method"}


def test_a_model_that_cannot_close_loops_is_not_told_to(stills: Path) -> None:
    asked = _shot(stills, loop=True, loop_method=LoopMethod.MODEL, models=("wan",))
    found = [each for each in lint_shot(asked, specs=SPECS, measure=MEASURE) if each.rule == "loop.method"]
    (said,) = map(str, found)
    assert said.startswith('shots.csv:7 column "loop_method": wan cannot close a loop (write loop_method: auto')
    assert not lint_shot(replace(asked, loop_method=LoopMethod.AUTO), specs=SPECS, measure=MEASURE)


def test_a_crop_is_told_in_pixels(stills: Path) -> None:
    found = [
        one for one in lint_shot(_shot(stills, still="square.png"), measure=MEASURE) if one.rule == "still.cropped_much"
    ]
    assert found[0].problem == "1280x1280 in a 1920x1080 frame loses 280 of its px each above and below (44% in all)"


def test_bars_are_told_in_pixels_of_the_frame(stills: Path) -> None:
    found = [
        one
        for one in lint_shot(_shot(stills, still="square.png", fit=Fit.PAD), measure=MEASURE)
        if one.rule == "still.padded"
    ]
    assert found[0].problem == "1280x1280 in a 1920x1080 frame gets bars of 420 px left and right"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"description": "A boat on a lake"}, "slow push in toward the boat; mist drifting to the left slowly"),
        ({"description": "Her hair, close"}, "slow push in toward the hair; hair swaying to the right slowly"),
        ({"description": "", "prompt": "make it move"}, "slow push in; mist drifting to the left slowly"),
    ],
)
def test_advice_gives_an_example_from_the_shot(fields: dict[str, object], expected: str, stills: Path) -> None:
    shot = _shot(stills, **({"prompt": "animate"} | fields))
    assert example_for(shot) == expected
    assert not read(expected).intent.is_hold


def test_a_list_is_linted_in_its_order_and_limit(stills: Path) -> None:
    shots = (_shot(stills, still="tiny.png"), _shot(stills, code="sh020", place=Place("shots.csv", 8)))
    shot_list = ShotList(
        project="demo", name="shots", shots=shots, fps=Fraction(24), width=1920, height=1080,
    )  # fmt: skip
    assert [(one.shot, one.rule) for one in lint(shot_list)] == [("sh010", "still.tiny")]
    assert [(one.shot, one.rule) for one in lint(shot_list, limit_mp=1)] == [
        ("sh010", "still.tiny"),
        ("sh020", "still.huge"),
    ]


@given(words=st.text(max_size=60), path=st.text(max_size=40))
@settings(max_examples=tries(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_linting_never_raises(words: str, path: str, stills: Path) -> None:
    shot = _shot(stills, still=path, prompt=words, camera=words, subject=words, atmosphere=words, speed=words,
                 direction=words, models=(words,))  # fmt: skip
    assert all(one.rule in RULES for one in lint_shot(shot, specs=SPECS, licences=set()))


def test_importing_the_linter_loads_no_picture_library() -> None:
    code = "import sys, farm.shots.lint; print({'PIL', 'numpy', 'cv2', 'ray', 'torch'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "set()"


def test_an_unknown_delivery_target_is_named_with_those_there_are(stills: Path) -> None:
    found = lint_shot(_shot(stills, targets=("review", "imax")), targets={"review": PRODUCTS["review"]})
    assert [(each.rule, each.problem, each.remedy) for each in found] == [
        ("target.unknown", 'there is no delivery target "imax"', "choose of review")
    ]


def test_what_has_no_effect_yet_is_said(stills: Path) -> None:
    found = [each for each in lint_shot(_shot(stills, driving_video="/x.mp4")) if each.rule == "column.unused"]
    assert [str(each.place.column) for each in found] == ["driving_video"]
