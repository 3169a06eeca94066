"""What a chosen take needs before delivery, and what the plan makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from shelved import shelve_upscaler

from farm.chain import GenerateParams, StageName
from farm.config import Project
from farm.finish import Finishers, finish, is_smaller, skipped
from farm.kit import Kit
from farm.models.enhance import interpolator, upscaler
from farm.models.registry import Registry
from farm.plan import Opening, TakePlan, plan
from farm.shots.model import DurationFit, Fit, Interpolate
from farm.tasks import Input, Lane, Task


@dataclass(frozen=True)
class PaperNetwork:
    """A network that only plans."""

    name: str = "sharp"
    licence: str = "BSD-3-Clause"
    revision: str = "abc"
    is_network: bool = True

    def open(self, placement):
        raise AssertionError("planning opens nothing")


FINISHERS = Finishers({"lanczos": upscaler("lanczos"), "sharp": PaperNetwork()}, interpolator("flow"), "lanczos")


def take(**changed) -> Task:
    asked = {"model": "m", "revision": "1", "width": 640, "height": 360, "frames": 48, "fps": Fraction(24), "seed": 1}
    params = GenerateParams(**(asked | changed)).content()
    return Task.of(project="demo", stage=StageName.GENERATE, version=1, params=params)


def finished(shot, finishers=FINISHERS, **of_take):
    def make(stage, params, inputs, lane):
        return Task.of(project="demo", stage=stage, version=1, params=params.content(), inputs=inputs, lane=lane)

    return finish(shot, take(**of_take), finishers, make)


def stages(found) -> list[str]:
    return [task.stage for task in found.tasks]


@pytest.mark.parametrize(
    ("of_take", "of_shot", "wanted"),
    [
        ({}, {}, []),
        ({"width": 1280, "height": 720}, {}, []),
        ({"fps": Fraction(30)}, {}, ["conform"]),
        ({"frames": 60}, {}, []),
        ({"frames": 60}, {"duration_fit": DurationFit.RETIME}, ["conform"]),
        ({"frames": 40}, {}, ["conform"]),
        ({"fps": Fraction(24000, 1001)}, {}, ["conform"]),
        ({"fps": Fraction(16), "frames": 20}, {}, ["interpolate"]),
        ({"fps": Fraction(16), "frames": 20}, {"duration_fit": DurationFit.EXTEND}, ["conform"]),
        ({"fps": Fraction(16), "frames": 20}, {"interpolate": Interpolate.OFF}, ["conform"]),
        ({"frames": 60}, {"loop": True}, ["loop"]),
        ({"frames": 48, "loop": True}, {"loop": True}, []),
        ({"frames": 48, "loop": True}, {"loop": True, "handles": 8}, ["loop"]),
        ({"frames": 32, "fps": Fraction(16), "width": 320, "height": 180}, {"loop": True}, ["upscale", "loop"]),
        ({"width": 320, "height": 180}, {}, ["upscale"]),
        ({"height": 352}, {}, ["upscale"]),
        ({"height": 352}, {"fit": Fit.PAD}, []),
        ({"width": 600, "height": 352}, {"fit": Fit.PAD}, ["upscale"]),
        ({"fps": Fraction(16)}, {}, ["interpolate"]),
        ({"width": 320, "height": 180, "fps": Fraction(7)}, {}, ["upscale", "interpolate"]),
        ({"width": 320, "height": 180, "fps": Fraction(7)}, {"upscale": "off"}, ["interpolate"]),
        (
            {"width": 320, "height": 180, "fps": Fraction(7)},
            {"interpolate": Interpolate.OFF},
            ["upscale", "conform"],
        ),
        ({}, {"upscale": "sharp", "interpolate": Interpolate.FLOW}, []),
    ],
)
def test_only_what_is_missing_is_made(shot, of_take, of_shot, wanted):
    found = finished(shot("sh010", **of_shot), **of_take)
    assert stages(found) == wanted
    assert found.mezzanine == Input(task=found.tasks[-1].id if wanted else take(**of_take).id, output="mezzanine")


def test_each_step_reads_the_one_before(shot):
    source = {"width": 320, "height": 180, "fps": Fraction(16), "frames": 33}
    found = finished(shot("sh010"), **source)
    first, second = found.tasks
    assert first.inputs["mezzanine"].task == take(**source).id
    assert second.inputs["mezzanine"].task == first.id
    assert (first.params["width"], first.params["height"], first.params["frames"]) == (640, 360, 33)
    assert (second.params["width"], second.params["frames"], second.params["fps"]) == (640, 48, "24")


def test_a_network_has_workers_of_its_own_where_there_are_gpus(shot):
    asked = shot("sh010", upscale="sharp")
    on_cpu, on_gpu = (finished(asked, replace(FINISHERS, gpus=gpus), width=320, height=180) for gpus in (0, 1))
    assert (on_cpu.tasks[0].lane, on_gpu.tasks[0].lane) == (Lane(), Lane(name="upscale-sharp", gpus=1, weights="sharp"))
    assert on_cpu.tasks[0].id == on_gpu.tasks[0].id
    plain = finished(shot("sh020"), replace(FINISHERS, gpus=1), width=320, height=180)
    assert plain.tasks[0].lane == Lane()


@pytest.mark.parametrize(
    "of_take",
    [{}, {"frames": 90}, {"fps": Fraction(16)}, {"fps": Fraction(7)}, {"fps": Fraction(30)}, {"loop": True}],
    ids=str,
)
@pytest.mark.parametrize("interpolate", [Interpolate.AUTO, Interpolate.OFF])
def test_a_finished_take_has_its_handles_whatever_it_was(shot, of_take, interpolate):
    wanted = shot("sh010", handles=12, interpolate=interpolate, loop=of_take.get("loop", False))
    found = finished(wanted, **of_take)
    assert found.skip == 12
    if found.tasks:
        assert (found.tasks[-1].params["frames"], found.tasks[-1].params["fps"]) == (72, "24")


@pytest.mark.parametrize(
    ("of_take", "skip"), [(Fraction(24), 12), (Fraction(16), 8), (Fraction(7), 4), (Fraction(30), 15)]
)
def test_without_finishers_a_handle_is_counted_in_frames_of_the_take(shot, of_take, skip):
    assert finished(shot("sh010", handles=12), None, fps=of_take).skip == skip
    assert skipped(1, Fraction(24), Fraction(12)) == 1


def test_frames_are_made_only_where_they_are_wanted(shot):
    asked = shot("sh010", duration_fit=DurationFit.RETIME)
    made, kept = (
        finished(replace(asked, interpolate=how), frames=60).tasks[0].params
        for how in (Interpolate.AUTO, Interpolate.OFF)
    )
    assert (made["interpolator"], made["done"], made["step"]) == ("flow", "faster", "59/47")
    assert "interpolator" not in kept
    assert "interpolator" not in finished(shot("sh010"), frames=40).tasks[0].params


def test_what_is_done_to_a_length_is_noted_in_the_plan(shot, brief, paper_model):
    class Short(paper_model):
        """Makes two thirds of what is asked."""

        def resolve(self, shot, intent, take):
            resolved = super().resolve(shot, intent, take)
            return replace(resolved, frames=resolved.frames * 2 // 3)

    asked = brief(shot("sh010", takes=1), shot("sh020", takes=1, duration_fit=DurationFit.EXTEND), finishers=FINISHERS)
    asked.adapters["animatic"] = Short()
    found = plan(asked, {})
    assert [planned.notes for planned in found.shots] == [
        ("0.67 s short of the cut: its last frame is held",),
        ("0.67 s short of the cut: it plays back from its end",),
    ]


def test_size_is_compared_as_the_frame_is_filled(shot):
    asked = shot("sh010")
    assert not is_smaller((640, 360), asked)
    assert is_smaller((638, 720), asked)
    assert not is_smaller((638, 360), replace(asked, fit=Fit.PAD))


def test_takes_that_have_everything_plan_what_they_did(brief, shot, play_all):
    plain = brief(shot("sh010"), shot("sh020", handles=8))
    ready = replace(plain, finishers=FINISHERS)
    assert list(plan(plain, play_all(plain)).tasks) == list(plan(ready, play_all(ready)).tasks)


def test_a_small_slow_take_is_delivered_and_assembled_from_what_was_made_of_it(brief, shot, play_all):
    asked = brief(shot("sh010", targets=("review", "draft"), takes=1), finishers=FINISHERS)
    opening = plan(asked, {}).shots[0]
    asked.openings["sh010"] = Opening(opening.prepare, tuple(map(small, opening.takes)), ())

    found = plan(asked, play_all(asked))

    (planned,) = found.shots
    upscale, interpolate = planned.finished[0].tasks
    assert upscale.inputs["mezzanine"].task == planned.chosen[0].generate.id
    assert [task.inputs["mezzanine"].task for task in planned.deliver] == [interpolate.id] * 2
    assert found.assemble.inputs["clip_0"].task == interpolate.id
    assert (upscale.take, upscale.shot, upscale.shape) == (1, "sh010", "upscale 640x360x48")
    assert planned.settled(play_all(asked))


def test_a_take_that_cannot_be_finished_leaves_a_slate_with_the_reason(brief, shot, play_all):
    asked = brief(shot("sh010", takes=1), finishers=FINISHERS)
    opening = plan(asked, {}).shots[0]
    asked.openings["sh010"] = Opening(opening.prepare, tuple(map(small, opening.takes)), ())
    found = plan(asked, play_all(asked, {"upscale sh010 take 1": "x.pth is damaged"}))
    assert found.assemble.params["entries"][0]["slate"] == "x.pth is damaged"


def small(planned: TakePlan) -> TakePlan:
    """The take as a model would make it that knows 320x180 at 16 fps."""
    told = planned.generate
    params = {**told.params, "width": 320, "height": 180, "fps": "16"}
    generate = Task.of(project="demo", stage=told.stage, version=1, params=params, inputs=told.inputs)
    inputs = {**planned.score.inputs, "mezzanine": Input(task=generate.id, output="mezzanine")}
    score = Task.of(project="demo", stage=planned.score.stage, version=1, params=planned.score.params, inputs=inputs)
    return replace(planned, generate=generate, score=score)


def refusals_of(shots, project=None, kit=None) -> dict[str, str]:
    return (kit or Kit(Registry())).finishers(shots, project or Project())[1]


def test_an_upscaler_that_is_not_there_refuses_the_shots_that_name_it(shot, tmp_path):
    shots = [shot("sh010", upscale="lanczoz"), shot("sh020"), shot("sh030", upscale="off")]
    found = refusals_of(shots, kit=Kit(Registry(tmp_path)))
    assert list(found) == ["sh010"]
    assert 'did you mean "lanczos"?' in found["sh010"]
    assert "or write upscale: off" in found["sh010"]


def test_the_projects_upscaler_is_for_shots_that_leave_it_open(shot, tmp_path):
    shots = [shot("sh010"), shot("sh020", upscale="lanczos"), shot("sh030", upscale="off")]
    found = refusals_of(shots, Project(upscaler="RealESRGAN_x4plus"), Kit(Registry(tmp_path)))
    assert list(found) == ["sh010"]
    assert "farm models add FILE --name NAME" in found["sh010"]


def test_an_upscaler_under_a_licence_that_is_not_allowed_is_refused(shot, tmp_path):
    path = tmp_path / "studio.safetensors"
    path.write_bytes(b"weights")
    shelve_upscaler(tmp_path, path)
    shots = [shot("sh010", upscale="studio"), shot("sh020")]
    found = refusals_of(shots, Project(licences=("Apache-2.0",)), Kit(Registry(tmp_path)))
    assert list(found) == ["sh010"]
    assert "a licence nobody has declared" in found["sh010"]
