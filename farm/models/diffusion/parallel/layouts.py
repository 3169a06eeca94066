"""Tensor-parallel layouts of the video denoisers, as data: what of each block is cut, and how.

              ┌ columns: some output channels ┐            ┌ rows: some input channels ┐
    x whole ──┤ to_q, to_k, to_v, net.0.proj  ├─ a rank's ─┤ to_out.0, net.2           ├─ sum over ranks ─▶ y whole
              └───────────────────────────────┘   heads    └───────────────────────────┘

An attention or a feed-forward is a column-wise layer, work on what the rank holds, and a row-wise layer whose partial
results are summed over the ranks: one all-reduce each. What else is cut, or the result is wrong without an error:

- `heads`: an attention counts its heads to shape what it is given; each rank holds heads / n of them.
- `norms`: an RMS norm over *all* heads divides by the root mean square of the whole width, which no rank sees. The sum
  of squares is taken over the ranks. A norm per head needs nothing.
- `ropes`: positions that are rotated before the heads are told apart differ from channel to channel, so a rank takes
  the channels (or heads) it holds.
- `gathered`: modulation (AdaLN) layers so large that every rank holding them would undo the gain. Their outputs are
  needed whole, so a rank computes its columns and they are gathered. Small: one vector a block.

Names are module paths with `*` for one part of the path; a `?` at the end marks a module that not every checkpoint of
the class has. Everything not named stays whole on every rank. Read from the classes of diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RopeCut:
    """Which dimensions of a rotary embedding's (cos, sin) follow the heads."""

    module: str
    channels: int = -1
    """The dimension to cut when they are (batch, tokens, channels)."""
    heads: int = 1
    """The dimension to cut when they are (batch, heads, tokens, channels)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one class is cut."""

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    heads: tuple[str, ...]
    gathered: tuple[str, ...] = ()
    norms: tuple[str, ...] = ()
    """RMS norms across all heads. A `norm_q` and a `norm_k` of one attention share an all-reduce."""
    ropes: tuple[RopeCut, ...] = ()


def _under(blocks: str, *parts: str) -> tuple[str, ...]:
    return tuple(f"{blocks}.{part}" for part in parts)


def _each(attentions: tuple[str, ...], *parts: str) -> tuple[str, ...]:
    return tuple(f"{attention}.{part}" for attention in attentions for part in parts)


_QKV = ("to_q", "to_k", "to_v")
_QK_NORMS = ("norm_q", "norm_k")

_WAN = _under("blocks.*", "attn1", "attn2")
_LTX = _under("transformer_blocks.*", "attn1", "attn2")
_LTX2 = _under(
    "transformer_blocks.*",
    "attn1",
    "attn2",
    "audio_attn1",
    "audio_attn2",
    "audio_to_video_attn",
    "video_to_audio_attn",
)
_COG = _under("transformer_blocks.*", "attn1")
_HUNYUAN = _under("transformer_blocks.*", "attn")
_REFINER = _under("context_embedder.token_refiner.refiner_blocks.*", "attn")
_REFINER_FF = "context_embedder.token_refiner.refiner_blocks.*.ff"

LAYOUTS: Mapping[str, Layout] = {
    "WanTransformer3DModel": Layout(
        columns=(
            *_each(_WAN, *_QKV),
            *_under("blocks.*", "attn2.add_k_proj?", "attn2.add_v_proj?", "ffn.net.0.proj"),
        ),
        rows=(*_each(_WAN, "to_out.0"), *_under("blocks.*", "ffn.net.2")),
        heads=_WAN,
        gathered=("condition_embedder.time_proj",),
        norms=(*_each(_WAN, *_QK_NORMS), "blocks.*.attn2.norm_added_k?"),
    ),
    "LTXVideoTransformer3DModel": Layout(
        columns=(*_each(_LTX, *_QKV), *_under("transformer_blocks.*", "ff.net.0.proj")),
        rows=(*_each(_LTX, "to_out.0"), *_under("transformer_blocks.*", "ff.net.2")),
        heads=_LTX,
        gathered=("time_embed.linear",),
        norms=_each(_LTX, *_QK_NORMS),
        ropes=(RopeCut("rope"),),
    ),
    "LTX2VideoTransformer3DModel": Layout(
        columns=(
            *_each(_LTX2, *_QKV, "to_gate_logits?"),
            *_under("transformer_blocks.*", "ff.net.0.proj", "audio_ff.net.0.proj"),
        ),
        rows=(*_each(_LTX2, "to_out.0"), *_under("transformer_blocks.*", "ff.net.2", "audio_ff.net.2")),
        heads=_LTX2,
        gathered=(
            "time_embed.linear",
            "audio_time_embed.linear",
            "av_cross_attn_video_scale_shift.linear",
            "av_cross_attn_audio_scale_shift.linear",
            "av_cross_attn_video_a2v_gate.linear",
            "av_cross_attn_audio_v2a_gate.linear",
            "prompt_adaln.linear?",
            "audio_prompt_adaln.linear?",
        ),
        norms=_each(_LTX2, *_QK_NORMS),
        ropes=(RopeCut("rope"), RopeCut("audio_rope"), RopeCut("cross_attn_rope"), RopeCut("cross_attn_audio_rope")),
    ),
    "CogVideoXTransformer3DModel": Layout(
        columns=(*_each(_COG, *_QKV), *_under("transformer_blocks.*", "ff.net.0.proj")),
        rows=(*_each(_COG, "to_out.0"), *_under("transformer_blocks.*", "ff.net.2")),
        heads=_COG,
        gathered=_under("transformer_blocks.*", "norm1.linear", "norm2.linear"),
    ),
    "HunyuanVideo15Transformer3DModel": Layout(
        columns=(
            *_each(_HUNYUAN, *_QKV, "add_q_proj", "add_k_proj", "add_v_proj"),
            *_under("transformer_blocks.*", "ff.net.0.proj", "ff_context.net.0.proj"),
            *_each(_REFINER, *_QKV),
            f"{_REFINER_FF}.net.0.proj",
        ),
        rows=(
            *_each(_HUNYUAN, "to_out.0", "to_add_out"),
            *_under("transformer_blocks.*", "ff.net.2", "ff_context.net.2"),
            *_each(_REFINER, "to_out.0"),
            f"{_REFINER_FF}.net.2",
        ),
        heads=(*_HUNYUAN, *_REFINER),
        gathered=_under("transformer_blocks.*", "norm1.linear", "norm1_context.linear"),
    ),
}
