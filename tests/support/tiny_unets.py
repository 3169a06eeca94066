"""Tiny UNets: Stable Video Diffusion, I2VGen-XL, PIA."""

from __future__ import annotations

from typing import Any

from tiny_parts import clip_images, clip_text, clip_vision, seeded, vae_image, word_tokenizer


def svd() -> Any:
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )

    unet = seeded(
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
    vae = seeded(
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
        image_encoder=clip_vision("CLIPVisionModelWithProjection", 32, 224, 56),
        unet=unet,
        scheduler=scheduler,
        feature_extractor=clip_images(224),
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


def i2vgen_xl() -> Any:
    from diffusers import I2VGenXLPipeline
    from diffusers.models.unets import I2VGenXLUNet

    unet = seeded(
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
        vae=vae_image(),
        text_encoder=clip_text(8),
        tokenizer=word_tokenizer(77),
        image_encoder=clip_vision("CLIPVisionModelWithProjection", 8, 32, 8),
        feature_extractor=clip_images(32),
        unet=unet,
        scheduler=_ddim(),
    )


def sd_unet() -> Any:
    """The image model that PIA's base is."""
    from diffusers import UNet2DConditionModel

    return seeded(
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

    return seeded(
        MotionAdapter,
        block_out_channels=(8, 8),
        motion_layers_per_block=1,
        motion_norm_num_groups=2,
        motion_num_attention_heads=2,
        conv_in_channels=9,
    )


def pia() -> Any:
    from diffusers import PIAPipeline

    return PIAPipeline(
        vae=vae_image(),
        text_encoder=clip_text(8),
        tokenizer=word_tokenizer(77),
        unet=sd_unet(),
        scheduler=_ddim(),
        motion_adapter=motion_adapter(),
    )
