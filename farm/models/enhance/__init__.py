"""Finishing a chosen take: more pixels, more frames. The seam and what stands behind it, found by name.

    upscaler("lanczos")               no weights, no network, on the CPU: always there
    upscaler("RealESRGAN_x4plus", …)  a network's checkpoint in the models folder, by its file's name
    interpolator("flow")              optical flow, no weights, on the CPU

Importing this package imports neither numpy nor OpenCV nor torch; opening what it finds does.
"""

from farm.models.enhance.installed import interpolator, upscaler
from farm.models.enhance.spec import Enlarger, Interpolator, Retimer, Span, Upscaler

__all__ = ["Enlarger", "Interpolator", "Retimer", "Span", "Upscaler", "interpolator", "upscaler"]
