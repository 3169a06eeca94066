"""What the memo keeps, what it drops, and that what was kept cannot be damaged."""

from __future__ import annotations

import pytest
import torch

from farm.models.diffusion.memo import Memo


class Encoder(torch.nn.Module):
    """Counts its calls; each output holds what an encoder may give: hidden states, logits, a plain number."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, ids, mask=None, scale=1.0, **_):
        from transformers.modeling_outputs import CausalLMOutputWithPast

        self.calls += 1
        hidden = ids.float() * scale + (0 if mask is None else mask)
        return CausalLMOutputWithPast(logits=hidden.repeat(9, 1), hidden_states=(hidden, hidden + 1))


class Posterior:
    def __init__(self, mean):
        self.mean = mean

    def sample(self, generator):
        return self.mean + torch.randn(self.mean.shape, generator=generator)


class VAE(torch.nn.Module):
    def encode(self, x):
        return (Posterior(x * 2),)


class Pipe:
    def __init__(self):
        self.text_encoder, self.text_encoder_2, self.vae = Encoder(), None, VAE()


@pytest.fixture
def pipe():
    return Pipe()


IDS = torch.tensor([[1, 2, 3]])


def test_equal_content_is_computed_once_whatever_tensor_holds_it(pipe):
    memo = Memo(pipe)
    first = pipe.text_encoder(IDS, mask=torch.ones(3))
    again = pipe.text_encoder(IDS.clone(), mask=torch.ones(1, 3)[0])
    assert pipe.text_encoder.calls == 1
    assert memo.counts["text_encoder"] == (1, 1)
    assert torch.equal(first.hidden_states[1], again.hidden_states[1])


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((torch.tensor([[1, 2, 4]]),), {}),
        ((IDS.to(torch.int32),), {}),
        ((IDS.T,), {}),
        ((IDS,), {"scale": 2.0}),
        ((IDS,), {"mask": torch.zeros(3)}),
        ((IDS,), {"scale": 1}),
    ],
    ids=["values", "dtype", "shape", "number", "another tensor", "type of a number"],
)
def test_anything_else_about_the_inputs_is_another_encoding(pipe, args, kwargs):
    Memo(pipe)
    pipe.text_encoder(IDS)
    pipe.text_encoder(*args, **kwargs)
    assert pipe.text_encoder.calls == 2


def test_what_is_given_back_may_be_changed_in_place(pipe):
    Memo(pipe)
    clean = pipe.text_encoder(IDS).hidden_states[0].clone()
    for _ in range(3):
        given = pipe.text_encoder(IDS).hidden_states[0]
        assert torch.equal(given, clean)
        given.zero_()


def test_of_a_posterior_the_distribution_is_kept_and_each_take_draws_its_own(pipe):
    memo = Memo(pipe)
    picture = torch.ones(1, 3, 2, 2)
    one, other, again = (pipe.vae.encode(picture)[0].sample(torch.Generator().manual_seed(seed)) for seed in (1, 2, 1))
    assert memo.counts["vae.encode"] == (1, 2)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_parts_for_writing_text_are_neither_kept_nor_given(pipe):
    memo = Memo(pipe)
    assert pipe.text_encoder(IDS).logits is None
    assert memo.size_bytes == 2 * 3 * 4


def test_the_least_recently_used_are_dropped_when_the_limit_is_reached(pipe):
    memo = Memo(pipe, limit_bytes=2 * 24)
    one, two, three = (IDS + number for number in range(3))
    for ids in (one, two, one, three, one):
        pipe.text_encoder(ids)
    assert pipe.text_encoder.calls == 3
    pipe.text_encoder(two)
    assert pipe.text_encoder.calls == 4
    assert memo.size_bytes == 48


def test_what_is_larger_than_the_limit_is_computed_each_time(pipe):
    memo = Memo(pipe, limit_bytes=10)
    for _ in range(2):
        pipe.text_encoder(IDS)
    assert memo.counts["text_encoder"] == (2, 0)
    assert memo.size_bytes == 0


def test_inputs_that_are_no_plain_data_are_computed_each_time(pipe):
    memo = Memo(pipe)
    for _ in range(2):
        pipe.text_encoder(IDS, cache=object())
    assert memo.counts["text_encoder"] == (2, 0)


def test_removed_it_leaves_the_modules_as_they_were(pipe):
    memo = Memo(pipe)
    assert isinstance(pipe.text_encoder, Encoder)
    memo.remove()
    assert type(pipe.text_encoder) is Encoder
    assert type(pipe.vae) is VAE
    assert pipe.text_encoder(IDS).logits is not None


def test_it_outlives_offload_hooks_that_come_and_go(pipe):
    """Offloading puts its own `forward` on the instance, and takes it off after every call of the pipeline."""
    from accelerate.hooks import ModelHook, add_hook_to_module, remove_hook_from_module

    moved = []

    class Moves(ModelHook):
        def pre_forward(self, module, *args, **kwargs):
            moved.append(module)
            return args, kwargs

    memo = Memo(pipe)
    for _ in range(3):
        add_hook_to_module(pipe.text_encoder, Moves())
        pipe.text_encoder(IDS)
        remove_hook_from_module(pipe.text_encoder)
    assert memo.counts["text_encoder"] == (1, 2)
    assert len(moved) == 1
