"""What each component of a score means, in a reviewer's words. A component without an entry goes by its own name."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "camera": "the camera moves the way it was asked to",
    "clipping": "no highlights burn out and no shadows drown that the still has",
    "coherence": "things keep their shape while the camera moves: nothing melts",
    "continuity": "neighbouring frames belong together: nothing jumps",
    "end_frame": "the last frame arrives at the end still",
    "flicker": "brightness is steady from frame to frame",
    "freeze": "the motion goes on to the end, without standing still on the way",
    "likeness": "it looks like the approved still",
    "motion": "it moves as much as was asked for",
    "seam": "as a loop, the last frame leads into the first",
    "sharpness": "detail is kept to the end",
    "steadiness": "the path is smooth: no jitter and no shake that nobody asked for",
}


def title(component: str) -> str:
    """A component's name as people read it."""
    return component.replace("_", " ")
