"""What can be delivered, and how it is written."""

from __future__ import annotations

from .markdown import attribute_docs, code, default, how_read, table, words


def products() -> str:
    from farm.media.presets import ENCODINGS
    from farm.shots.products import PRODUCTS, Product

    def size(product: Product) -> str:
        if product.size:
            return "{}x{}".format(*product.size)
        return f"at most {product.longest_edge} wide or high" if product.longest_edge else "the shot's"

    def rule(product: Product) -> str:
        length = f"{product.shortest_s}-{product.longest_s} s" if product.longest_s else ""
        return words(filter(None, (length, "loop" if product.loops else "")))

    rows = (
        (code(name), product.what, _codec(ENCODINGS[product.encoding].options), size(product), rule(product))
        for name, product in PRODUCTS.items()
    )
    return table(("target", "for", "codec", "size", "lint expects"), rows)


def encodings() -> str:
    from farm.media.presets import ENCODINGS

    rows = (
        (
            code(name),
            code(preset.suffix),
            code(preset.pix_fmt),
            words(code(f"{key} {value}") for key, value in preset.options.items() if key not in _TAGS),
            "yes" if preset.keeps_timecode else "",
            words(code(value) for value in preset.sound.values()),
        )
        for name, preset in ENCODINGS.items()
    )
    return table(("encoding", "file", "pixels", "ffmpeg options", "timecode track", "sound"), rows)


def preset_fields() -> str:
    from farm.shots.reading.presets import PresetEntry

    docs = attribute_docs(PresetEntry)
    rows = (
        (code(name), docs[name].rstrip("."), how_read(field), default(field.default))
        for name, field in PresetEntry.model_fields.items()
    )
    return table(("setting", "what it is", "how it is read", "without it"), rows)


def burn_in_fields() -> str:
    from farm.shots.products import BURN_IN

    return words(map(code, BURN_IN))


_TAGS = frozenset({"color_primaries", "color_trc", "colorspace", "color_range", "fflags", "flags", "movflags"})
"""Said in words beside the table, for they are the same for all."""

_CODECS = {
    "libx264": "H.264",
    "prores_ks": "ProRes 422 HQ",
    "dnxhd": "DNxHR HQX",
    "png": "PNG, 8 bit, a file per frame",
    "tiff": "TIFF, 16 bit, a file per frame",
    "gif": "GIF",
    "libwebp_anim": "WebP",
}


def _codec(options: dict[str, str | int]) -> str:
    return _CODECS[str(options["c:v"])]
