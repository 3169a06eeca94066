"""Pictures and movies: the only place that runs ffmpeg, opens a decoder or writes an image file.

    frames (h, w, 3) uint8 sRGB ──Encoder──▶ movie files        one ffmpeg process, several outputs, fed by a pipe
    movie file ──frames()──▶ frames       ──probe()──▶ facts    PyAV, one frame in memory at a time
    movie file ──transcode()──▶ movie file                      one ffmpeg process, file to file
    a studio's picture ──read_picture()──▶ upright 8-bit sRGB   Pillow, psd-tools; `InputError` for what cannot be used

ffmpeg never sees a user's string as a protocol, an option or a pattern: paths travel as `file:/absolute/path`, muxers
and demuxers are named, protocols are limited to files and pipes, and words become pictures with Pillow.
"""

from farm.fitting import Framing, fitted, on_bars
from farm.media.decode import MovieFacts, frames, probe
from farm.media.encode import Encoder
from farm.media.graph import Target
from farm.media.mux import add_sound, with_sound
from farm.media.picture import Picture, read_picture, read_rgb, write_jpeg, write_png
from farm.media.presets import ENCODINGS, MEZZANINE, PROXY, REVIEW, Preset
from farm.media.transcode import Burn, Conform, Lead, transcode

__all__ = [
    "ENCODINGS",
    "MEZZANINE",
    "PROXY",
    "REVIEW",
    "Burn",
    "Conform",
    "Encoder",
    "Framing",
    "Lead",
    "MovieFacts",
    "Picture",
    "Preset",
    "Target",
    "add_sound",
    "fitted",
    "frames",
    "on_bars",
    "probe",
    "read_picture",
    "read_rgb",
    "transcode",
    "with_sound",
    "write_jpeg",
    "write_png",
]
