"""Models that make sound: what is known of them, and that none is promised which is not there."""

from __future__ import annotations

import pytest

from farm.errors import InputError
from farm.models.sound import SOUND_MODELS, sound_model


def test_a_known_model_without_an_adapter_is_refused_with_what_to_do():
    with pytest.raises(InputError, match="cannot run mmaudio yet: bring the sound as a file"):
        sound_model("mmaudio")


def test_an_unknown_model_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r'no sound model "foley" \(known: mmaudio\)'):
        sound_model("foley")


@pytest.mark.parametrize("spec", SOUND_MODELS.values(), ids=SOUND_MODELS)
def test_every_row_says_what_planning_needs(spec):
    assert SOUND_MODELS[spec.name] is spec
    assert spec.licence
    assert spec.rate >= 16_000
    assert spec.longest_s > 0
