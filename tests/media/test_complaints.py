"""What ffmpeg is told, and what it complains of, is logged."""

from __future__ import annotations

import tempfile
from fractions import Fraction

import numpy as np
import pytest

from farm.media import MEZZANINE, Encoder, Target
from farm.media.ffmpeg import STDERR_TAIL, note


def test_the_command_is_a_detail_of_the_log(tmp_path, caplog):
    caplog.set_level("DEBUG", "farm")
    with Encoder([Target(tmp_path / "take.mkv", MEZZANINE)], width=32, height=18, fps=Fraction(24)) as encoder:
        encoder.write(np.full((18, 32, 3), 90, np.uint8))
    (command,) = (record for record in caplog.records if record.name == "farm.media.ffmpeg")
    assert command.levelname == "DEBUG"
    assert command.getMessage().startswith("ffmpeg -f rawvideo ")
    assert "take.mkv" in command.getMessage()


@pytest.mark.parametrize("words", [b"", b"  \n"])
def test_who_says_nothing_is_not_quoted(words, caplog):
    with tempfile.TemporaryFile() as complaints:
        complaints.write(words)
        note(complaints, "writing take.mkv")
    assert caplog.messages == []


def test_what_it_complains_of_and_goes_on_is_a_warning(caplog):
    with tempfile.TemporaryFile() as complaints:
        complaints.write(b"x" * STDERR_TAIL + b"\n[mp4] broken \xff timestamp\n")
        note(complaints, "writing take.mkv")
    (said,) = caplog.messages
    assert said.startswith("ffmpeg, while writing take.mkv:\n")
    assert said.endswith("[mp4] broken \ufffd timestamp")
    assert len(said) < STDERR_TAIL + 100
