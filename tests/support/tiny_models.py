"""Real pipelines of every family, tiny, built from configuration and saved in diffusers layout: no weights to download.

    save("wan21", folder) ──▶ folder/model_index.json, folder/transformer/*.safetensors, …

Everything is float32 and seeded: two saves of one name hold the same weights. Norms are shaken off their initial ones,
so that a norm that is left out, or taken over the wrong width, changes the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORDS = ("slow", "push", "in", "on", "the", "old", "harbour", "at", "dusk", "waves", "rain", "light", "blurry")
CONVOLUTION_GAIN = 2.0
CHAT = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}"


@dataclass(frozen=True)
class Tiny:
    """One tiny checkpoint, and what is worth asking of it."""

    build: Callable[[], Any]
    recipe: str
    """Module of `farm.models.diffusion.families`."""
    width: int = 32
    height: int = 32
    frames: int = 5
    fps: int = 8
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Beyond the number of steps, which is 2."""
    end: bool = False
    """Whether it needs an end frame."""


def save(name: str, folder: Path) -> Path:
    """Build the tiny checkpoint of that name and save it into `folder`, which is returned."""
    from diffusers.utils import logging

    logging.disable_progress_bar()
    build_pipeline(name).save_pretrained(folder, safe_serialization=True)
    return folder


def build_pipeline(name: str) -> Any:
    """The pipeline itself, not yet saved."""
    pipe = TINY[name].build()
    for index, component in enumerate(pipe.components.values()):
        _enliven(component, seed=index)
    return pipe


def _seeded(kind: Any, *args: Any, **kwargs: Any) -> Any:
    import torch

    torch.manual_seed(0)
    return kind(*args, **kwargs).eval()


def _enliven(component: Any, seed: int) -> None:
    """Shake norms off one; let convolutions be strong enough that a picture's content comes through a random VAE."""
    import torch

    if not isinstance(component, torch.nn.Module):
        return
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in component.named_parameters():
            if "norm" in name and name.endswith("weight"):
                parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
            elif type(component).__name__.startswith("AutoencoderKL") and parameter.ndim > 3:
                parameter *= CONVOLUTION_GAIN


# --- text and image encoders


def _word_tokenizer(length: int = 512, **special: str) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", **special}
    vocabulary = {word: number for number, word in enumerate([*special.values(), *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    end = special["eos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(f"$A {end}", special_tokens=[(end, vocabulary[end])])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=length, **special)


def _t5(kind: str = "T5", **config: Any) -> Any:
    import transformers

    sizes = {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 4} | config
    encoder = transformers.UMT5EncoderModel if kind == "UMT5" else transformers.T5EncoderModel
    return _seeded(encoder, getattr(transformers, f"{kind}Config")(**sizes))


def _clip_text(width: int) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=64,
        hidden_size=width,
        intermediate_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
    )
    return _seeded(CLIPTextModel, config)


def _clip_vision(kind: str, width: int, image: int, patch: int) -> Any:
    import transformers

    config = transformers.CLIPVisionConfig(
        hidden_size=width,
        projection_dim=width,
        intermediate_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=image,
        patch_size=patch,
    )
    return _seeded(getattr(transformers, kind), config)


def _clip_images(size: int) -> Any:
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(crop_size=size, size={"shortest_edge": size})


# --- VAEs


def _vae_wan() -> Any:
    from diffusers import AutoencoderKLWan

    return _seeded(
        AutoencoderKLWan,
        base_dim=3,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )


def _vae_image(channels: int = 8) -> Any:
    from diffusers import AutoencoderKL

    return _seeded(
        AutoencoderKL,
        block_out_channels=(channels, channels),
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        norm_num_groups=2,
        sample_size=128,
    )


# --- families


def _wan_transformer(**config: Any) -> Any:
    from diffusers import WanTransformer3DModel

    sizes = {
        "patch_size": (1, 2, 2),
        "num_attention_heads": 4,
        "attention_head_dim": 12,
        "in_channels": 36,
        "out_channels": 16,
        "text_dim": 32,
        "freq_dim": 16,
        "ffn_dim": 32,
        "num_layers": 2,
        "cross_attn_norm": True,
        "qk_norm": "rms_norm_across_heads",
        "rope_max_seq_len": 32,
    }
    return _seeded(WanTransformer3DModel, **(sizes | config))


def _wan(**parts: Any) -> Any:
    from diffusers import UniPCMultistepScheduler, WanImageToVideoPipeline

    given = {
        "tokenizer": _word_tokenizer(),
        "text_encoder": _t5("UMT5"),
        "vae": _vae_wan(),
        "scheduler": UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
        "transformer": _wan_transformer(),
    }
    return WanImageToVideoPipeline(**(given | parts))


def _wan21(**config: Any) -> Any:
    image = {"image_encoder": _clip_vision("CLIPVisionModel", 4, 32, 8), "image_processor": _clip_images(32)}
    return _wan(transformer=_wan_transformer(image_dim=4, added_kv_proj_dim=48, **config), **image)


def _wan21_flf2v() -> Any:
    """First and last frame: it learned a position for each picture's tokens, and needs both."""
    return _wan21(pos_embed_seq_len=2 * (4 * 4 + 1))


def _wan22_a14b() -> Any:
    return _wan(transformer_2=_wan_transformer(), boundary_ratio=0.9)


def _wan22_5b() -> Any:
    import torch
    from diffusers import AutoencoderKLWan

    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=3,
        z_dim=48,
        in_channels=12,
        out_channels=12,
        is_residual=True,
        patch_size=2,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
        temperal_downsample=[False, True, True],
    ).eval()
    return _wan(vae=vae, transformer=_wan_transformer(in_channels=48, out_channels=48), expand_timesteps=True)


def _ltx() -> Any:
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXConditionPipeline,
        LTXVideoTransformer3DModel,
    )

    transformer = _seeded(
        LTXVideoTransformer3DModel,
        in_channels=8,
        out_channels=8,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=2,
        caption_channels=32,
    )
    vae = _seeded(
        AutoencoderKLLTXVideo,
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False),
        decoder_inject_noise=(False, False, False, False, False),
        upsample_residual=(False, False, False, False),
        upsample_factor=(1, 1, 1, 1),
        timestep_conditioning=False,
        patch_size=1,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    return LTXConditionPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=_t5(),
        tokenizer=_word_tokenizer(128),
    )


def _cogvideox() -> Any:
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXImageToVideoPipeline,
        CogVideoXTransformer3DModel,
    )

    transformer = _seeded(
        CogVideoXTransformer3DModel,
        num_attention_heads=4,
        attention_head_dim=16,
        in_channels=8,
        out_channels=4,
        time_embed_dim=8,
        text_embed_dim=32,
        num_layers=2,
        sample_width=8,
        sample_height=8,
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=16,
        use_rotary_positional_embeddings=True,
        use_learned_positional_embeddings=True,
    )
    vae = _seeded(
        AutoencoderKLCogVideoX,
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    )
    return CogVideoXImageToVideoPipeline(
        tokenizer=_word_tokenizer(16),
        text_encoder=_t5(),
        vae=vae,
        transformer=transformer,
        scheduler=CogVideoXDDIMScheduler(),
    )


def _svd() -> Any:
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )

    unet = _seeded(
        UNetSpatioTemporalConditionModel,
        block_out_channels=(32, 32),
        layers_per_block=1,
        sample_size=32,
        in_channels=8,
        out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32,
        num_attention_heads=8,
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
    )
    vae = _seeded(
        AutoencoderKLTemporalDecoder,
        block_out_channels=[32, 32],
        layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * 2,
        latent_channels=4,
    )
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        sigma_max=700.0,
        sigma_min=0.002,
        steps_offset=1,
        timestep_spacing="leading",
        timestep_type="continuous",
        use_karras_sigmas=True,
    )
    return StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=_clip_vision("CLIPVisionModelWithProjection", 32, 224, 56),
        unet=unet,
        scheduler=scheduler,
        feature_extractor=_clip_images(224),
    )


def _ddim() -> Any:
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def _i2vgen_xl() -> Any:
    from diffusers import I2VGenXLPipeline
    from diffusers.models.unets import I2VGenXLUNet

    unet = _seeded(
        I2VGenXLUNet,
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=32,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=8,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    return I2VGenXLPipeline(
        vae=_vae_image(),
        text_encoder=_clip_text(8),
        tokenizer=_word_tokenizer(77),
        image_encoder=_clip_vision("CLIPVisionModelWithProjection", 8, 32, 8),
        feature_extractor=_clip_images(32),
        unet=unet,
        scheduler=_ddim(),
    )


def sd_unet() -> Any:
    """The image model that PIA's base is."""
    from diffusers import UNet2DConditionModel

    return _seeded(
        UNet2DConditionModel,
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8,
        attention_head_dim=2,
        norm_num_groups=2,
    )


def motion_adapter() -> Any:
    """PIA's own part: motion modules, and an input layer that takes the still beside the noise."""
    from diffusers import MotionAdapter

    return _seeded(
        MotionAdapter,
        block_out_channels=(8, 8),
        motion_layers_per_block=1,
        motion_norm_num_groups=2,
        motion_num_attention_heads=2,
        conv_in_channels=9,
    )


def _pia() -> Any:
    from diffusers import PIAPipeline

    return PIAPipeline(
        vae=_vae_image(),
        text_encoder=_clip_text(8),
        tokenizer=_word_tokenizer(77),
        unet=sd_unet(),
        scheduler=_ddim(),
        motion_adapter=motion_adapter(),
    )


def _bytes_tokenizer(length: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate([*alphabet, "<pad>", "</s>", "<unk>"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=length,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        chat_template=CHAT,
    )


def _hunyuan15() -> Any:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideo15ImageToVideoPipeline,
        HunyuanVideo15Transformer3DModel,
    )
    from diffusers.guiders import ClassifierFreeGuidance
    from transformers import (
        ByT5Tokenizer,
        Qwen2_5_VLTextConfig,
        Qwen2_5_VLTextModel,
        SiglipImageProcessor,
        SiglipVisionConfig,
        SiglipVisionModel,
    )

    transformer = _seeded(
        HunyuanVideo15Transformer3DModel,
        in_channels=9,
        out_channels=4,
        num_attention_heads=4,
        attention_head_dim=8,
        num_layers=2,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        patch_size=1,
        patch_size_t=1,
        text_embed_dim=16,
        text_embed_2_dim=32,
        image_embed_dim=12,
        rope_axes_dim=(2, 2, 4),
        target_size=32,
        task_type="i2v",
    )
    vae = _seeded(
        AutoencoderKLHunyuanVideo15,
        latent_channels=4,
        block_out_channels=(8, 8, 8),
        layers_per_block=1,
        spatial_compression_ratio=8,
        temporal_compression_ratio=4,
        downsample_match_channel=False,
        upsample_match_channel=False,
    )
    qwen = Qwen2_5_VLTextConfig(
        vocab_size=320,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=2,
        rope_parameters={"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1000000.0},
        bos_token_id=None,
        eos_token_id=257,
        pad_token_id=256,
    )
    siglip = SiglipVisionConfig(
        hidden_size=12,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    return HunyuanVideo15ImageToVideoPipeline(
        text_encoder=_seeded(Qwen2_5_VLTextModel, qwen),
        tokenizer=_bytes_tokenizer(2048),
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=_t5(vocab_size=1510),
        tokenizer_2=ByT5Tokenizer(),
        guider=ClassifierFreeGuidance(guidance_scale=6.0),
        image_encoder=_seeded(SiglipVisionModel, siglip),
        feature_extractor=SiglipImageProcessor(size={"height": 32, "width": 32}),
    )


def _gemma() -> Any:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

    text = Gemma3TextConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        sliding_window=32,
    )
    vision = SiglipVisionConfig(
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
        vision_use_head=False,
    )
    special = {"boi_token_index": 60, "eoi_token_index": 61, "image_token_index": 62}
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, **special)
    return _seeded(Gemma3ForConditionalGeneration, config)


def _ltx2() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, LTX2ImageToVideoPipeline

    return LTX2ImageToVideoPipeline(
        transformer=_ltx2_transformer(),
        connectors=_ltx2_connectors(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=_gemma(),
        tokenizer=_word_tokenizer(1024),
        **_ltx2_codecs(),
    )


def _ltx2_transformer() -> Any:
    from diffusers import LTX2VideoTransformer3DModel

    return _seeded(
        LTX2VideoTransformer3DModel,
        in_channels=4,
        out_channels=4,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        audio_in_channels=4,
        audio_out_channels=4,
        audio_num_attention_heads=4,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=16,
        num_layers=2,
        qk_norm="rms_norm_across_heads",
        caption_channels=32,
        rope_double_precision=False,
        rope_type="split",
    )


def _ltx2_connectors() -> Any:
    from diffusers.pipelines.ltx2 import LTX2TextConnectors

    return _seeded(
        LTX2TextConnectors,
        caption_channels=32,
        text_proj_in_factor=3,
        video_connector_num_attention_heads=4,
        video_connector_attention_head_dim=8,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=None,
        audio_connector_num_attention_heads=4,
        audio_connector_attention_head_dim=8,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None,
        connector_rope_base_seq_len=32,
        rope_theta=10000.0,
        rope_double_precision=False,
        causal_temporal_positioning=False,
        rope_type="split",
    )


def _ltx2_codecs() -> dict[str, Any]:
    from diffusers import AutoencoderKLLTX2Audio, AutoencoderKLLTX2Video
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder

    vae = _seeded(
        AutoencoderKLLTX2Video,
        latent_channels=4,
        block_out_channels=(8,),
        decoder_block_out_channels=(8,),
        layers_per_block=(1,),
        decoder_layers_per_block=(1, 1),
        spatio_temporal_scaling=(True,),
        decoder_spatio_temporal_scaling=(True,),
        decoder_inject_noise=(False, False),
        downsample_type=("spatial",),
        upsample_residual=(False,),
        upsample_factor=(1,),
        timestep_conditioning=False,
        patch_size=1,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    audio_vae = _seeded(
        AutoencoderKLLTX2Audio,
        base_channels=4,
        output_channels=2,
        ch_mult=(1,),
        num_res_blocks=1,
        attn_resolutions=None,
        in_channels=2,
        resolution=32,
        latent_channels=2,
        norm_type="pixel",
        causality_axis="height",
        dropout=0.0,
        mid_block_add_attention=False,
        sample_rate=16000,
        mel_hop_length=160,
        is_causal=True,
        mel_bins=8,
    )
    vocoder = _seeded(
        LTX2Vocoder,
        in_channels=16,
        hidden_channels=32,
        out_channels=2,
        upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
        output_sampling_rate=16000,
    )
    return {"vae": vae, "audio_vae": audio_vae, "vocoder": vocoder}


SHORT = {"max_sequence_length": 32}
"""Text tokens are what a tiny transformer would spend its time on."""

TINY: Mapping[str, Tiny] = {
    "wan21": Tiny(_wan21, "wan", 64, 48, options={"guidance_scale": 5.0, **SHORT}),
    "wan21_flf2v": Tiny(_wan21_flf2v, "wan", 64, 48, options={"guidance_scale": 5.0, **SHORT}, end=True),
    "wan22_a14b": Tiny(_wan22_a14b, "wan", 64, 48, options={"guidance_scale": 4.0, "guidance_scale_2": 3.0, **SHORT}),
    "wan22_5b": Tiny(_wan22_5b, "wan", 64, 32, options={"guidance_scale": 5.0, **SHORT}),
    "ltx": Tiny(_ltx, "ltx", 64, 32, 9, options={"guidance_scale": 3.0, **SHORT}),
    "ltx2": Tiny(
        _ltx2, "ltx2", 32, 32, 5, options={"guidance_scale": 3.0, "stg_scale": 0.0, "audio_stg_scale": 0.0, **SHORT}
    ),
    "cogvideox": Tiny(_cogvideox, "cogvideox", 64, 64, 9, options={"guidance_scale": 6.0, "max_sequence_length": 16}),
    "hunyuan15": Tiny(_hunyuan15, "hunyuan15", 48, 32, options={"guidance_scale": 6.0}),
    "svd": Tiny(_svd, "svd", 32, 32, 3, options={"guidance_scale": 2.5}),
    "i2vgen_xl": Tiny(_i2vgen_xl, "i2vgen_xl", 32, 32, 4, options={"guidance_scale": 6.0}),
    "pia": Tiny(_pia, "pia", 32, 32, 4, options={"guidance_scale": 6.0, "motion_scale": 1}),
}
"""Every tiny checkpoint by name."""
