"""The checkpoints the farm knows by name, as data: where their weights are, under which licence, what they make.

Sizes, rates, lengths and steps are those of the publishers' model cards. A studio's own fine-tune takes them over from
the checkpoint it is like, and may state its own (`farm models add --like`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from farm.models.diffusion.family import FAMILIES, Family, Scalar

BILLION = 10**9


@dataclass(frozen=True, slots=True)
class Repository:
    """Where weights are published, in diffusers layout."""

    id: str
    """ "owner/name" on the hub."""
    revision: str = "main"
    variant: str = ""
    """ "fp16" where that variant of the files is taken."""
    folder: str = ""
    """Where they go below the model's weights: "" for the whole pipeline, or one component's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One set of weights of a family."""

    name: str
    family: str
    title: str
    repositories: tuple[Repository, ...] = ()
    """Empty for a studio's own."""
    licence: str
    sizes: tuple[tuple[int, int], ...]
    """(width, height) it was trained at; the first is what it makes unless told otherwise."""
    fps: Fraction
    frames: int
    """How many it makes best."""
    most_frames: int
    """How many it can make."""
    steps: int
    guidance: float
    options: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    """Further arguments of its pipeline."""
    more_conditions: frozenset[str] = frozenset()
    """Beyond its family's: "end" where it was trained with last frames."""
    needs_end: bool = False
    """True where it makes nothing without a last frame."""
    stride: int = 0
    """Of the frame count, where it is not the family's."""
    multiple: int = 0
    """Of width and height, where it is not the family's."""
    denoiser_params: int
    """Parameters called at every step, of all denoisers together."""
    other_params: int
    """Of text and image encoders and the VAE together."""
    activations_gb: float
    """Working memory of a step at the first size and full length, on one GPU: an estimate."""
    dtype: str = "bfloat16"

    @property
    def kin(self) -> Family:
        return FAMILIES[self.family]

    @property
    def conditions(self) -> frozenset[str]:
        return self.kin.conditions | self.more_conditions

    @property
    def weights_gb(self) -> float:
        """At two bytes a parameter."""
        return 2 * (self.denoiser_params + self.other_params) / BILLION

    @property
    def memory_gb(self) -> float:
        """What one GPU needs to hold everything at once: an estimate."""
        return self.weights_gb + self.activations_gb


CHECKPOINTS: Mapping[str, Checkpoint] = {
    checkpoint.name: checkpoint
    for checkpoint in (
        Checkpoint(
            name="wan21-480p",
            family="wan",
            title="Wan 2.1 I2V 14B, 480p",
            repositories=(Repository("Wan-AI/Wan2.1-I2V-14B-480P-Diffusers"),),
            licence="Apache-2.0",
            sizes=((832, 480),),
            steps=50,
            guidance=5.0,
            denoiser_params=16_400_000_000,
            other_params=6_400_000_000,
            activations_gb=12,
            fps=Fraction(16),
            frames=81,
            most_frames=81,
        ),
        Checkpoint(
            name="wan21-720p",
            family="wan",
            title="Wan 2.1 I2V 14B, 720p",
            repositories=(Repository("Wan-AI/Wan2.1-I2V-14B-720P-Diffusers"),),
            licence="Apache-2.0",
            sizes=((1280, 720), (832, 480)),
            steps=50,
            guidance=5.0,
            denoiser_params=16_400_000_000,
            other_params=6_400_000_000,
            activations_gb=26,
            fps=Fraction(16),
            frames=81,
            most_frames=81,
        ),
        Checkpoint(
            name="wan21-flf",
            family="wan",
            title="Wan 2.1 14B, first and last frame, 720p",
            repositories=(Repository("Wan-AI/Wan2.1-FLF2V-14B-720P-diffusers"),),
            licence="Apache-2.0",
            sizes=((1280, 720),),
            steps=50,
            guidance=5.5,
            denoiser_params=16_400_000_000,
            other_params=6_400_000_000,
            activations_gb=26,
            needs_end=True,
            more_conditions=frozenset({"end"}),
            fps=Fraction(16),
            frames=81,
            most_frames=81,
        ),
        Checkpoint(
            name="wan22-a14b",
            family="wan",
            title="Wan 2.2 I2V A14B, two experts",
            repositories=(Repository("Wan-AI/Wan2.2-I2V-A14B-Diffusers"),),
            licence="Apache-2.0",
            sizes=((832, 480), (1280, 720)),
            steps=40,
            guidance=3.5,
            options={"guidance_scale_2": 3.5},
            denoiser_params=28_600_000_000,
            other_params=5_800_000_000,
            activations_gb=12,
            more_conditions=frozenset({"end"}),
            fps=Fraction(16),
            frames=81,
            most_frames=81,
        ),
        Checkpoint(
            name="wan22-5b",
            family="wan",
            title="Wan 2.2 TI2V 5B",
            repositories=(Repository("Wan-AI/Wan2.2-TI2V-5B-Diffusers"),),
            licence="Apache-2.0",
            sizes=((1280, 704),),
            fps=Fraction(24),
            frames=121,
            most_frames=121,
            steps=50,
            guidance=5.0,
            multiple=32,
            denoiser_params=5_000_000_000,
            other_params=6_400_000_000,
            activations_gb=10,
        ),
        Checkpoint(
            name="ltx",
            family="ltx",
            title="LTX-Video 0.9.5, 2B",
            repositories=(Repository("Lightricks/LTX-Video-0.9.5"),),
            licence="LTX-Video-Open-Weights",
            sizes=((704, 480), (1216, 704)),
            fps=Fraction(25),
            frames=161,
            most_frames=257,
            steps=40,
            guidance=3.0,
            options={"decode_timestep": 0.05, "decode_noise_scale": 0.025},
            denoiser_params=1_900_000_000,
            other_params=5_900_000_000,
            activations_gb=6,
        ),
        Checkpoint(
            name="ltx-13b",
            family="ltx",
            title="LTX-Video 0.9.7, 13B",
            repositories=(Repository("Lightricks/LTX-Video-0.9.7-dev"),),
            licence="LTX-Video-Open-Weights",
            sizes=((832, 480), (1216, 704)),
            fps=Fraction(25),
            frames=161,
            most_frames=257,
            steps=40,
            guidance=5.0,
            options={"decode_timestep": 0.05, "decode_noise_scale": 0.025},
            denoiser_params=13_000_000_000,
            other_params=5_900_000_000,
            activations_gb=10,
        ),
        Checkpoint(
            name="ltx2",
            family="ltx2",
            title="LTX-2 19B, with sound",
            repositories=(Repository("Lightricks/LTX-2"),),
            licence="LTX-2-Community",
            sizes=((768, 512), (1280, 704)),
            fps=Fraction(24),
            frames=121,
            most_frames=481,
            steps=40,
            guidance=4.0,
            denoiser_params=18_900_000_000,
            other_params=13_500_000_000,
            activations_gb=14,
        ),
        Checkpoint(
            name="cogvideox",
            family="cogvideox",
            title="CogVideoX 5B I2V",
            repositories=(Repository("THUDM/CogVideoX-5b-I2V"),),
            licence="CogVideoX",
            sizes=((720, 480),),
            fps=Fraction(8),
            frames=49,
            most_frames=49,
            steps=50,
            guidance=6.0,
            denoiser_params=5_600_000_000,
            other_params=5_000_000_000,
            activations_gb=10,
        ),
        Checkpoint(
            name="cogvideox15",
            family="cogvideox",
            title="CogVideoX 1.5 5B I2V",
            repositories=(Repository("THUDM/CogVideoX1.5-5B-I2V"),),
            licence="CogVideoX",
            sizes=((1360, 768),),
            fps=Fraction(16),
            frames=81,
            most_frames=161,
            steps=50,
            guidance=6.0,
            stride=16,
            denoiser_params=5_600_000_000,
            other_params=5_000_000_000,
            activations_gb=24,
        ),
        Checkpoint(
            name="hunyuan15-480p",
            family="hunyuan15",
            title="HunyuanVideo 1.5 I2V, 480p",
            repositories=(Repository("hunyuanvideo-community/HunyuanVideo-1.5-480p_i2v"),),
            licence="Tencent-Hunyuan-Community",
            sizes=((640, 640),),
            fps=Fraction(24),
            frames=121,
            most_frames=241,
            steps=50,
            guidance=6.0,
            denoiser_params=8_300_000_000,
            other_params=10_000_000_000,
            activations_gb=14,
        ),
        Checkpoint(
            name="svd",
            family="svd",
            title="Stable Video Diffusion, 14 frames",
            repositories=(Repository("stabilityai/stable-video-diffusion-img2vid", variant="fp16"),),
            licence="StabilityAI-Community",
            sizes=((1024, 576),),
            fps=Fraction(7),
            frames=14,
            most_frames=14,
            steps=25,
            guidance=3.0,
            denoiser_params=1_500_000_000,
            other_params=730_000_000,
            activations_gb=8,
            dtype="float16",
        ),
        Checkpoint(
            name="svd-xt",
            family="svd",
            title="Stable Video Diffusion XT, 25 frames",
            repositories=(Repository("stabilityai/stable-video-diffusion-img2vid-xt", variant="fp16"),),
            licence="StabilityAI-Community",
            sizes=((1024, 576),),
            fps=Fraction(7),
            frames=25,
            most_frames=25,
            steps=25,
            guidance=3.0,
            denoiser_params=1_500_000_000,
            other_params=730_000_000,
            activations_gb=12,
            dtype="float16",
        ),
        Checkpoint(
            name="i2vgen-xl",
            family="i2vgen-xl",
            title="I2VGen-XL",
            repositories=(Repository("ali-vilab/i2vgen-xl", variant="fp16"),),
            licence="MIT",
            sizes=((1280, 704),),
            fps=Fraction(8),
            frames=16,
            most_frames=16,
            steps=50,
            guidance=9.0,
            options={"target_fps": 16},
            denoiser_params=1_400_000_000,
            other_params=1_070_000_000,
            activations_gb=14,
            dtype="float16",
        ),
        Checkpoint(
            name="pia",
            family="pia",
            title="PIA on Realistic Vision 6",
            repositories=(
                Repository("SG161222/Realistic_Vision_V6.0_B1_noVAE"),
                Repository("openmmlab/PIA-condition-adapter", folder="motion_adapter"),
            ),
            licence="CreativeML-OpenRAIL-M",
            sizes=((512, 512),),
            fps=Fraction(8),
            frames=16,
            most_frames=16,
            steps=25,
            guidance=7.5,
            denoiser_params=1_310_000_000,
            other_params=210_000_000,
            activations_gb=6,
            dtype="float16",
        ),
    )
}
