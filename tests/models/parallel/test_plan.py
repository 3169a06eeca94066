"""Plans: words and numbers, and the checks before anything is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.errors import InputError
from farm.models.diffusion.parallel.facts import Facts
from farm.models.diffusion.parallel.layouts import LAYOUTS
from farm.models.diffusion.parallel.plan import ParallelPlan, objections, validate

WAN_14B = {
    "_class_name": "WanTransformer3DModel",
    "num_attention_heads": 40,
    "attention_head_dim": 128,
    "ffn_dim": 13824,
    "patch_size": [1, 2, 2],
}
COG_5B = {
    "_class_name": "CogVideoXTransformer3DModel",
    "num_attention_heads": 48,
    "attention_head_dim": 64,
    "patch_size": 2,
    "patch_size_t": None,
}
LTX2 = {
    "_class_name": "LTX2VideoTransformer3DModel",
    "num_attention_heads": 32,
    "attention_head_dim": 128,
    "audio_num_attention_heads": 6,
    "audio_attention_head_dim": 64,
    "patch_size": 1,
    "patch_size_t": 1,
}
DEGREES = st.integers(1, 16)
PLANS = st.builds(ParallelPlan, DEGREES, DEGREES, DEGREES)


@given(PLANS)
def test_a_plan_is_read_back_from_its_words(plan):
    assert ParallelPlan.parse(str(plan)) == plan


@given(PLANS)
def test_words_may_stand_in_any_order(plan):
    assert ParallelPlan.parse(",".join(reversed(str(plan).split(",")))) == plan


def test_one_rank_has_no_words():
    assert str(ParallelPlan()) == ""
    assert ParallelPlan.parse("") == ParallelPlan.parse("tp1") == ParallelPlan()
    assert ParallelPlan.parse(" TP2 , cfg2 ") == ParallelPlan(cfg=2, tp=2)


@pytest.mark.parametrize("text", ["tp", "tp0", "2", "ring2", "tp-2", "cfg2;tp2", "auto", "tp2.0"])
def test_a_bad_word_is_named(text):
    with pytest.raises(InputError, match="is not an axis and a degree") as caught:
        ParallelPlan.parse(f"cfg2,{text}" if text != "cfg2;tp2" else text)
    assert text in str(caught.value)


def test_an_axis_stands_once():
    with pytest.raises(InputError, match="tp stands twice"):
        ParallelPlan.parse("tp2,tp4")


@given(PLANS)
def test_ranks_are_the_product(plan):
    assert plan.ranks == plan.cfg * plan.ulysses * plan.tp


def test_wan_numbers_from_its_config():
    facts = Facts.of(WAN_14B, latent=(21, 60, 104))
    assert facts.axes == {"cfg", "ulysses", "tp"}
    assert facts.heads == {"attention heads": 40}
    assert facts.widths == {"feed-forward channels": 13824}
    assert facts.sequences == {"tokens in this clip": 21 * 30 * 52}


def test_a_patch_in_time_divides_the_frames():
    facts = Facts.of(COG_5B | {"patch_size_t": 2}, latent=(22, 60, 90))
    assert facts.sequences == {"tokens in this clip": 11 * 30 * 45}
    assert facts.widths == {"feed-forward channels": 4 * 48 * 64}


@pytest.mark.parametrize(
    ("config", "plan", "words"),
    [
        pytest.param(WAN_14B, "tp3", "40 attention heads, which 3 does not divide; 1, 2, 4 or 8 would do", id="heads"),
        pytest.param(WAN_14B, "tp5", "13824 feed-forward channels, which 5 does not divide", id="width"),
        pytest.param(WAN_14B, "ulysses4", "1365 tokens in this clip, which 4 does not divide", id="tokens"),
        pytest.param(WAN_14B, "cfg3", "two passes", id="cfg"),
        pytest.param(COG_5B, "ulysses2", "cannot be split over ulysses; it can over cfg or tp", id="no plan"),
        pytest.param(LTX2, "tp4", "6 audio attention heads, which 4 does not divide; 1 or 2 would do", id="audio"),
        pytest.param({"_class_name": "I2VGenXLUNet"}, "tp2", "over tp; it can over cfg", id="no layout"),
    ],
)
def test_what_does_not_divide_is_named_with_what_would(config, plan, words):
    facts = Facts.of(config, latent=(21, 10, 26))
    with pytest.raises(InputError) as caught:
        validate(ParallelPlan.parse(plan), facts)
    assert words in str(caught.value)
    assert f'parallel "{ParallelPlan.parse(plan)}"' in str(caught.value)


def test_ulysses_deals_out_the_heads_that_tp_leaves():
    with pytest.raises(InputError, match="5 attention heads, which 2 does not divide; 1 or 5 would do"):
        validate(ParallelPlan(ulysses=2, tp=8), Facts.of(WAN_14B))


def test_text_that_is_split_has_to_divide():
    config = LTX2 | {"_class_name": "LTXVideoTransformer3DModel"}
    with pytest.raises(InputError, match="255 text tokens"):
        validate(ParallelPlan(ulysses=2), Facts.of(config, latent=(2, 4, 4), text_tokens=255))
    validate(ParallelPlan(ulysses=2), Facts.of(WAN_14B, latent=(2, 4, 4), text_tokens=255))


def test_guidance_must_be_there_to_be_split():
    with pytest.raises(InputError, match="without guidance"):
        validate(ParallelPlan(cfg=2), Facts.of(WAN_14B, guided=False))


@given(PLANS, st.integers(1, 64), st.integers(1, 256), st.integers(1, 4096))
def test_nothing_is_objected_to_exactly_where_everything_divides(plan, heads, width, tokens):
    facts = Facts(
        "WanTransformer3DModel",
        frozenset({"cfg", "ulysses", "tp"}),
        {"heads": heads},
        {"channels": width},
        {"tokens": tokens},
    )
    divides = heads % plan.tp == 0 == width % plan.tp
    deals = plan.ulysses == 1 or (heads // plan.tp % plan.ulysses == 0 == tokens % plan.ulysses)
    assert (not list(objections(plan, facts))) == (divides and deals and plan.cfg <= 2)


def test_every_class_with_a_layout_has_numbers_to_check():
    for name in LAYOUTS:
        facts = Facts.of(LTX2 | {"_class_name": name, "ffn_dim": 64})
        assert facts.heads
        assert facts.widths
