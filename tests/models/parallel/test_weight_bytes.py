"""What a rank holds at published shapes, from the meta device.

Shapes are the classes' defaults, and what a checkpoint's config.json says otherwise; the parameters they come to, in
billions, are the published ones.
"""

from __future__ import annotations

import pytest
import torch

from farm.models.diffusion.parallel.choice import WHOLE_SHARE
from farm.models.diffusion.parallel.shard import weight_bytes

PUBLISHED = {
    "Wan 2.1 I2V 14B": (
        "WanTransformer3DModel",
        {"in_channels": 36, "image_dim": 1280, "added_kv_proj_dim": 5120},
        16.4,
    ),
    "Wan 2.2 TI2V 5B": (
        "WanTransformer3DModel",
        {"num_attention_heads": 24, "ffn_dim": 14336, "num_layers": 30, "in_channels": 48, "out_channels": 48},
        5.0,
    ),
    "LTX-Video 2B": ("LTXVideoTransformer3DModel", {}, 1.9),
    "LTX-Video 13B": (
        "LTXVideoTransformer3DModel",
        {"attention_head_dim": 128, "cross_attention_dim": 4096, "num_layers": 48},
        13.0,
    ),
    "LTX-2 19B": ("LTX2VideoTransformer3DModel", {"rope_type": "split"}, 18.9),
    "CogVideoX 5B I2V": (
        "CogVideoXTransformer3DModel",
        {
            "num_attention_heads": 48,
            "num_layers": 42,
            "in_channels": 32,
            "use_rotary_positional_embeddings": True,
            "use_learned_positional_embeddings": True,
        },
        5.6,
    ),
    "HunyuanVideo 1.5": ("HunyuanVideo15Transformer3DModel", {}, 8.3),
}


@pytest.fixture(scope="module")
def whole() -> dict[str, int]:
    return {
        name: weight_bytes(denoiser, config, degree=1, dtype=torch.bfloat16)
        for name, (denoiser, config, _) in PUBLISHED.items()
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_shape_is_the_published_one(whole, name):
    assert whole[name] / 2e9 == pytest.approx(PUBLISHED[name][2], rel=0.03)


@pytest.mark.parametrize("degree", [2, 4, 8])
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_rank_holds_little_more_than_its_share(whole, name, degree):
    denoiser, config, _ = PUBLISHED[name]
    held = weight_bytes(denoiser, config, degree=degree, dtype=torch.bfloat16) / whole[name]
    print(f"{name}, tp{degree}: {held:.3f} of the whole, {held * degree - 1:+.1%} of 1/{degree}")
    assert held <= (1 + WHOLE_SHARE) / degree


def test_what_a_class_keeps_in_fp32_is_counted_so():
    config = PUBLISHED["Wan 2.2 TI2V 5B"][1] | {"num_layers": 1}
    half = weight_bytes("WanTransformer3DModel", config, degree=1, dtype=torch.bfloat16)
    full = weight_bytes("WanTransformer3DModel", config, degree=1, dtype=torch.float32)
    time_embedder = 3072 * (256 + 1) + 3072 * (3072 + 1)
    tables_and_norm = (2 + 6 + 2) * 3072
    assert 2 * half - full == 4 * (time_embedder + tables_and_norm)
