"""Parts that tiny pipelines are put together from: tokenizers, text and image encoders, an image VAE."""

from __future__ import annotations

from typing import Any

WORDS = ("slow", "push", "in", "on", "the", "old", "harbour", "at", "dusk", "waves", "rain", "light", "blurry")
CHAT = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}"


def seeded(kind: Any, *args: Any, **kwargs: Any) -> Any:
    import torch

    torch.manual_seed(0)
    return kind(*args, **kwargs).eval()


def word_tokenizer(length: int = 512, **special: str) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", **special}
    vocabulary = {word: number for number, word in enumerate([*special.values(), *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    end = special["eos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(f"$A {end}", special_tokens=[(end, vocabulary[end])])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=length, **special)


def bytes_tokenizer(length: int) -> Any:
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


def t5(kind: str = "T5", **config: Any) -> Any:
    import transformers

    sizes = {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 4} | config
    encoder = transformers.UMT5EncoderModel if kind == "UMT5" else transformers.T5EncoderModel
    return seeded(encoder, getattr(transformers, f"{kind}Config")(**sizes))


def clip_text(width: int) -> Any:
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
    return seeded(CLIPTextModel, config)


def clip_vision(kind: str, width: int, image: int, patch: int) -> Any:
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
    return seeded(getattr(transformers, kind), config)


def clip_images(size: int) -> Any:
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(crop_size=size, size={"shortest_edge": size})


def vae_image(channels: int = 8) -> Any:
    from diffusers import AutoencoderKL

    return seeded(
        AutoencoderKL,
        block_out_channels=(channels, channels),
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        norm_num_groups=2,
        sample_size=128,
    )
