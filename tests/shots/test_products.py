"""What can be delivered, a project's own presets, and what is said of a shot before it is rendered."""

from __future__ import annotations

from fractions import Fraction

import pytest

from farm.config import load_project
from farm.errors import DocumentError
from farm.findings import Place, Severity
from farm.media import ENCODINGS
from farm.shots.checks.targets import check_targets
from farm.shots.model import Fit, Shot
from farm.shots.products import BURN_IN, PRODUCTS, crop_of
from farm.shots.reading.presets import PresetEntry, known_products
from farm.submission import Submission

OWN = """\
presets:
  - name: client
    base: prores-hq
    size: 720p
    fit: pad
    burn_in: yes
    slate: yes
  - {name: dailies, quality: 23, burn_in: [shot, timecode], slate: 24 frames}
"""


def shot(**changes) -> Shot:
    asked = {"code": "sh010", "place": Place("shots.csv", 3), "still": "a.png", "fps": Fraction(24), "nb_frames": 120,
             "width": 1280, "height": 720, "targets": ("review",)}  # fmt: skip
    return Shot(**(asked | changes))


def found(**changes) -> list[tuple[str, str]]:
    return [(each.rule, each.problem) for each in check_targets(shot(**changes), PRODUCTS)]


def test_every_product_is_written_somehow():
    assert {product.encoding for product in PRODUCTS.values()} <= set(ENCODINGS)
    for product in PRODUCTS.values():
        preset = ENCODINGS[product.encoding]
        assert product.is_sequence == preset.is_sequence
        assert bool(product.qualities) == bool(preset.quality_option)


def test_a_projects_own_presets(write):
    known = known_products(load_project(write("p.yaml", OWN), None).presets)

    client, dailies = known["client"], known["dailies"]
    assert (client.base, client.encoding, client.size, client.fit) == ("prores-hq", "prores-hq", (1280, 720), Fit.PAD)
    assert (client.burn_in, client.slate_frames(Fraction(24)), client.slate_frames(Fraction(25))) == (BURN_IN, 24, 25)
    assert (dailies.base, dailies.size, dailies.quality) == ("review", None, 23)
    assert (dailies.burn_in, dailies.slate_frames(Fraction(30))) == (("shot", "timecode"), 24)
    assert known.keys() > PRODUCTS.keys()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- {name: a, base: prores}", '"presets[0].base": there is no product "prores" (did you mean "prores-hq"?)'),
        ("- {name: a, burn_in: [shot, sead]}", '"sead" cannot be burnt in (did you mean "seed"?)'),
        ("- {name: a, slate: 60 s}", '"60 s" is long for a slate (give at most 10 s)'),
        ("- {name: a, qality: 3}", '"qality" is not known here (did you mean "quality"?)'),
        ("- {name: a, base: prores-hq, quality: 9}", "prores-hq has no quality to choose (leave quality out)"),
        ("- {name: a, quality: 70}", "70 is no quality of review (give 0 to 51)"),
        ("- {base: gif}", "a preset needs a name (write name: client)"),
        ("- {name: Review}", '"Review" is built in (give the preset another name)'),
        ("- {name: animatic}", '"animatic" is built in (give the preset another name)'),
        ("- {name: a}\n  - {name: A}", 'there are 2 presets called "a" (give each its own name)'),
    ],
)
def test_bad_presets_name_the_place_and_the_remedy(write, content, message):
    with pytest.raises(DocumentError) as caught:
        load_project(write("p.yaml", f"presets:\n  {content}\n"), None)
    (finding,) = caught.value.findings
    assert finding.place.row in {2, 1}
    assert message in str(finding)


def test_presets_travel_with_a_submission(write, tmp_path):
    from farm.shots.model import ShotList

    project = load_project(write("p.yaml", OWN), None)
    listed = ShotList(project="demo", name="shots", shots=(), fps=Fraction(24), width=640, height=360)
    document = Submission(shot_list=listed, project=project).document()
    assert Submission.read(document).project.presets == project.presets


@pytest.mark.parametrize(
    ("target", "seconds", "rules"),
    [
        ("reels", 4, {"target.short", "target.loop"}),
        ("reels", 5, {"target.loop"}),
        ("tiktok", 8, {"target.loop"}),
        ("tiktok", 9, {"target.long", "target.loop"}),
        ("linkedin", 6, set()),
        ("linkedin", 11, {"target.long"}),
        ("x", 5, {"target.loop"}),
        ("youtube-shorts", 7, {"target.short"}),
        ("youtube-shorts", 15, set()),
        ("website", 6, {"target.loop"}),
        ("review", 1, set()),
    ],
)
def test_length_and_loop_of_each_platform(target, seconds, rules):
    said = found(targets=(target,), nb_frames=24 * seconds)
    assert {rule for rule, _ in said} - {"target.crop", "target.enlarged"} == rules


def test_a_loop_is_content_with_a_looping_shot():
    assert not [rule for rule, _ in found(targets=("x",), loop=True) if rule == "target.loop"]


def test_the_crop_is_shown_in_pixels_of_the_shot():
    said = dict(found(targets=("reels",)))
    assert said["target.crop"] == "reels crops 1280x720 to 405x720 around the middle"
    assert said["target.enlarged"] == "reels enlarges the picture 2.67x to 1080x1920"
    assert all(rule != "target.crop" for rule, _ in found(targets=("x",)))


def test_a_preset_that_pads_says_so():
    known = known_products([PresetEntry(name="square", size=(1080, 1080), fit=Fit.PAD)])
    (said,) = check_targets(shot(targets=("square",)), known)
    assert said.problem == "square shows 1280x720 on bars in 1080x1080"


@pytest.mark.parametrize(
    ("source", "target", "kept"),
    [((1280, 720), (1080, 1920), (405, 720)), ((1080, 1920), (1920, 1080), (1080, 608)), ((64, 64), (8, 8), (64, 64))],
)
def test_what_is_kept_of_a_picture(source, target, kept):
    assert crop_of(source, target) == kept


def test_a_slate_before_frame_0_of_a_sequence_is_refused():
    known = known_products([PresetEntry(name="plates", base="png", slate="2 s")])
    (said,) = check_targets(shot(targets=("plates",), frame_in=1), known)
    assert (said.rule, said.severity) == ("target.slate", Severity.ERROR)
    assert not list(check_targets(shot(targets=("plates",)), known))


@pytest.mark.parametrize(("fps", "step"), [(24, 2), (25, 2), (30, 2), (15, 1), (12, 1), (60, 4)])
def test_previews_are_thinned_out_evenly(fps, step):
    assert PRODUCTS["gif"].step_of(Fraction(fps)) == step
    assert PRODUCTS["review"].step_of(Fraction(fps)) == 1
    assert PRODUCTS["gif"].size_of(shot()) == (480, 270)
