"""Every rule of the linter: its stable name, how much it matters, and what to do about it.

    errors cannot work · warnings probably disappoint · notes are for the record

The thresholds stand beside the measurements (`farm.shots.checks.stills`); this is the table that people read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm.findings import Finding, Severity
from farm.shots.model import Shot


@dataclass(frozen=True, slots=True)
class Rule:
    """How much a finding of this rule matters, and the remedy that helps where no better one is known."""

    severity: Severity
    remedy: str = ""


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: Mapping[str, Rule] = {
    # Files.
    "still.missing": Rule(_E, "check the path: relative paths start at the shot list's folder"),
    "still.folder": Rule(_E, "name the picture, not its folder"),
    "still.unreadable": Rule(_E, "check who may read the file"),
    "still.empty": Rule(_E, "the file holds nothing: export it again"),
    "still.format": Rule(_E, "export it as PNG, JPEG, TIFF, WebP or PSD"),
    "still.damaged": Rule(_E, "export it again, or copy it again from where it came"),
    "still.huge": Rule(_E, "scale it down: twice the delivery size is plenty"),
    "still.remote": Rule(_N, "it is checked when the shot is prepared"),
    # The picture.
    "still.tiny": Rule(_E, "use at least 1024x576, better 1920x1080"),
    "still.small": Rule(_W, "use at least 1024x576, better 1920x1080"),
    "still.enlarged": Rule(_N, "a larger still gives a sharper clip"),
    "still.blurred": Rule(_E, "use a sharp original: no model can bring back what is not there"),
    "still.soft": Rule(_W, "use a sharper original if there is one"),
    "still.compressed": Rule(_W, "export it as PNG, or as JPEG of quality 90 or more"),
    "still.blocky": Rule(_W, "go back to the picture before it was compressed"),
    "still.dark": Rule(_W, "lift the exposure: models invent what they cannot see"),
    "still.clipped": Rule(_W, "use a version with detail in lights and shadows"),
    "still.cropped": Rule(_N, "compose it in the shot's aspect, or ask for fit: pad"),
    "still.cropped_much": Rule(_W, "compose it in the shot's aspect, or ask for fit: pad"),
    "still.padded": Rule(_N, "compose it in the shot's aspect, or ask for fit: crop"),
    "still.normalised": Rule(_N, "nothing to do: the original is kept as it is"),
    "still.frames": Rule(_W, "only the first frame is used: hand in the one you mean"),
    "end.aspect": Rule(_W, "give start and end frame the same aspect, or the picture jumps at the end"),
    "matte.aspect": Rule(_W, "export it at the still's size, or it lies beside what it should cover"),
    "matte.colour": Rule(_W, "export it as a grey picture"),
    "matte.flat": Rule(_W, "a mask is white where things may move and black elsewhere; a depth map is white near"),
    # The sound.
    "audio.missing": Rule(_E, "check the path: relative paths start at the shot list's folder"),
    "audio.format": Rule(_E, "export it as WAV, AIFF, FLAC, MP3, M4A or Ogg, in stereo or mono"),
    "audio.damaged": Rule(_E, "export it again, or copy it again from where it came"),
    "audio.long": Rule(_E, "cut it to what is heard: an hour is the most"),
    "audio.remote": Rule(_N, "it is checked when the shot gets its sound"),
    "audio.cut": Rule(_W, "make the shot longer, or the sound shorter"),
    "audio.short": Rule(_N, "make the shot shorter, or the sound longer"),
    "music.cut": Rule(_N, "it fades out with the last shot; nothing to do unless its end is wanted"),
    "music.short": Rule(_W, "hand in a longer cut of the music"),
    "music.sequence": Rule(_W, "check the sequence's name, or leave its music out"),
    "loop.method": Rule(_E, "write loop_method: auto, or name a model that closes loops"),
    # The words.
    "prompt.hold": Rule(_N, "say a camera move, a subject's motion or an atmosphere if it should move"),
    "prompt.empty": Rule(_E),
    "prompt.vague": Rule(_E),
    "prompt.nothing": Rule(_W),
    "prompt.long": Rule(_E, "shorten it: what moves comes first"),
    "prompt.contradiction": Rule(_W, "keep one, or write \"then\" between them"),
    "prompt.crowded": Rule(_W, "two at once read well; write \"then\" between the others"),
    "prompt.scenes": Rule(_W, "a shot is one picture: make it two shots"),
    "prompt.negation": Rule(_W, "models tend to show what they read: put it in negative_prompt, without the \"no\""),
    "prompt.side": Rule(_W, "say which side"),
    "column.unread": Rule(_W, "use words such as \"push in\", \"pan left\", \"mist\", \"slow\", \"left\""),
    "column.unused": Rule(_W, "it is kept with the shot, and nothing acts on it yet"),
    # What is asked for.
    "model.unknown": Rule(_E, "`farm models` lists them"),
    "target.unknown": Rule(_E),
    "target.short": Rule(_W, "make the shot longer, or ask for another target"),
    "target.long": Rule(_W, "make the shot shorter, or ask for another target"),
    "target.loop": Rule(_W, "write loop: yes"),
    "target.size": Rule(_E, "give the preset, or the shot, a larger size"),
    "target.crop": Rule(_N, "keep what matters there, or give the shot that aspect"),
    "target.enlarged": Rule(_N, "render the shot at that size for a sharper clip"),
    "target.slate": Rule(_E, "declare a shorter slate, or a later frame_in"),
    "model.licence": Rule(_E, "choose another model, or add the licence to the project's licences"),
}  # fmt: skip


def finding(rule: str, shot: Shot, column: str, problem: str, remedy: str = "") -> Finding:
    """A finding of `rule` about a column of `shot`, with the rule's own remedy unless a better one is given."""
    entry = RULES[rule]
    return Finding(entry.severity, rule, shot.place.at(column), problem, remedy or entry.remedy, shot.code)
