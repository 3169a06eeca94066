"""Motion words: a table of what artists write, and the laws that reading keeps."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import tries

from farm.findings import Place
from farm.shots.intent import Air, Atmosphere, Camera, CameraMove, Direction, MotionIntent, Speed, SubjectMotion
from farm.shots.model import Shot
from farm.shots.motion import intent_of, phrase, read
from farm.shots.words import vocabulary as words_of

# A row is (prompt, what is expected): phases separated by ">", moves of a phase by "+", then subject and air.
# "push slow@the boat" is kind, direction and speed (slow unless said), and the target.
TABLE = [
    ("Slow pull back", "pull"),
    ("push in", "push"),
    ("Dolly in toward the lighthouse", "push@the lighthouse"),
    ("dolly out from the window", "pull@the window"),
    ("move closer to the old man's face", "push@the old man's face"),
    ("camera tracks in on the vase", "push@the vase"),
    ("slow zoom in toward the boat", "zoom in@the boat"),
    ("zooming out from the earth", "zoom out@the earth"),
    ("crash zoom on his eyes", "zoom in fast@his eyes"),
    ("zoom", "zoom in"),
    ("pan left", "pan left"),
    ("Slow pan right across the valley", "pan right@the valley"),
    ("Camera slowly pans from left to right across the skyline", "pan right@the skyline"),
    ("Quick whip pan to the right", "pan right fast"),
    ("pan up", "tilt up"),
    ("tilt up to the spire", "tilt up@the spire"),
    ("tilt down from the sky to the sea", "tilt down@the sea"),
    ("truck left past the shelves", "truck left@the shelves"),
    ("truck to the left", "truck left"),
    ("slide right", "truck right"),
    ("camera drifts left", "truck left"),
    ("slow creep forward", "push"),
    ("pedestal up", "pedestal up"),
    ("boom down", "pedestal down"),
    ("crane up over the rooftops", "pedestal up@the rooftops"),
    ("jib up", "pedestal up"),
    ("crane shot up", "pedestal up"),
    ("camera rises above the trees to reveal a village", "pedestal up"),
    ("camera descends", "pedestal down"),
    ("camera pulls up and away", "pedestal up + pull"),
    ("orbit around the bottle", "orbit@the bottle"),
    ("smooth 360 orbit around the sneaker", "orbit@the sneaker"),
    ("slow arc right around the product", "orbit right@the product"),
    ("camera circles the statue clockwise", "orbit left@the statue"),
    ("roll clockwise", "roll clockwise"),
    ("dutch tilt left", "roll counterclockwise"),
    ("camera rotates counter-clockwise", "roll counterclockwise"),
    ("handheld", "handheld"),
    ("the crowd roars, camera shakes violently", "handheld fast"),
    ("shaky cam", "handheld"),
    ("static camera", "static"),
    ("locked-off shot", "static"),
    ("Static camera with only the background in motion", "static"),
    ("don't move the camera", "static"),
    ("no camera movement, mist drifting", "static | mist"),
    ("The camera is fixed. Only the water moves.", "static | water sway"),
    ("hold for 2 seconds, then push in", "static > push"),
    ("The camera reveals the castle", "pull"),
    ("pull back to reveal the valley", "pull"),
    ("dolly zoom", "push + zoom out"),
    ("drone shot flying forward over the forest", "push@the forest"),
    ("camera backs away from the monster", "pull@the monster"),
    ("camera follows the runner", "truck@the runner"),
    ("a slow, steady push-in on the detective’s face", "push@the detective's face"),
    ("push in, then pan left", "push > pan left"),
    ("push in before panning left", "push > pan left"),
    ("pan left after pushing in", "push > pan left"),
    ("after pushing in, pan left", "push > pan left"),
    ("pan right followed by a quick zoom out", "pan right > zoom out fast"),
    ("Camera pushes in fast then slowly pulls out", "push fast > pull"),
    ("slow push in toward the pier as waves roll in from the right, and finally tilt up",
     "push@the pier > tilt up | waves roll left"),
    ("pan left while tilting up", "pan left + tilt up"),
    ("very slowly push in and pan left", "push very slow + pan left very slow"),
    ("no zoom", ""),
    ("slow push in without panning", "push"),
    ("no zoom, pan or tilt", ""),
    ("hair in a breeze from the left", "| hair sway right"),
    ("her hair blowing gently in the wind from the left", "| hair sway right"),
    ("a head turn to the right", "| head turn right"),
    ("she turns her head to the left", "| head turn left"),
    ("she blinks", "| eyes blink"),
    ("a slow blink", "| eyes blink"),
    ("fabric rippling", "| fabric ripple"),
    ("waves rolling in from the right", "| waves roll left"),
    ("rolling waves", "| waves roll"),
    ("water rippling", "| water ripple"),
    ("leaves fall from the trees", "| leaves fall down"),
    ("grass swaying in the wind", "| grass sway"),
    ("A gentle breeze moves through the grass from right to left", "| grass sway left"),
    ("light breeze moves the curtains", "| curtains sway"),
    ("flags flutter", "| flags sway"),
    ("The flag waves", "| flag sway"),
    ("candle flame flickers", "| flame flicker"),
    ("a man walking to the right", "| man walk right"),
    ("she walks toward the camera, hair and dress swaying", "| person walk, hair sway, dress sway"),
    ("he smiles and looks to the left", "| face smile, face turn left"),
    ("a bottle rotates slowly on a turntable", "| bottle turn"),
    ("a truck drives left", "| truck drive left"),
    ("people walk by, cars passing from right to left", "| people walk, cars drift left"),
    ("People walking, camera tracking left alongside them", "truck left@them | people walk"),
    ("waves roll in and the camera pushes in slowly", "push | waves roll"),
    ("smoke rising from the chimney", "| steam up"),
    ("steam rises from the cup", "| steam up"),
    ("mist", "| mist"),
    ("mist drifting", "| mist"),
    ("soft fog rolls from left to right", "| mist right"),
    ("dappled sunlight through leaves", "| light"),
    ("light shifting across the wall", "| light"),
    ("candle flickering, shadows dancing on the wall", "| candle flicker, light"),
    ("sunlight streaming through the window", "| light"),
    ("clouds passing", "| light"),
    ("falling snow", "| snow down"),
    ("A snowy street with snow falling", "| snow down"),
    ("rain", "| rain"),
    ("Light rain on the window", "| rain"),
    ("she walks in the rain", "| person walk, rain"),
    ("dust motes drifting in the sunbeams", "| dust, light"),
    ("Camera: slow push-in. Subject: woman turns head left. Atmosphere: dust floating in light",
     "push | woman turn left, dust"),
    ("Static shot. Snow falls gently. Smoke curls from the chimney.", "static | snow down, steam up"),
    ("the camera tilts up to reveal the soldier's face, then holds", "tilt up > static"),
    ("A slow tracking shot moving left along the bookshelf", "truck left@the bookshelf"),
    ("Camera circles around her slowly, counter-clockwise", "orbit right@her"),
    ("slow 180° arc to the left around the dancer", "orbit left@the dancer"),
    ("Camera slowly moves toward the house, passing the trees", "push@the house"),
    ("camera pushes through the window into the room", "push@the room"),
    ("slow dolly back as she walks forward", "pull | person walk"),
    ("Drone rises and slowly rotates around the castle", "pedestal up + orbit@the castle"),
    ("Gentle zoom-in on the cat's eyes as it blinks", "zoom in@the cat's eyes | eyes blink"),
    ("a slow turn of the head", "| head turn"),
    ("gulls fly overhead", "| gulls fly"),
    ("the ship sails to the right", "| ship drift right"),
    ("his jacket flaps in strong wind", "| jacket sway fast"),
    ("Boat gently bobbing on the water, camera locked off", "static | boat sway"),
    ("neon lights flicker, rain falling, reflections shimmer in puddles", "| reflections ripple, light, rain down"),
    # Words that only look like motion.
    ("still life with apples", ""),
    ("a pan on the stove, steam rising", "| steam up"),
    ("a frying pan on the stove", ""),
    ("rolling hills, slow push in", "push"),
    ("a dust jacket on the table", ""),
    ("snow-capped mountains, pan left", "pan left"),
    ("she walks through the snow", "| person walk"),
    ("train on the track", ""),
    ("arc de triomphe", ""),
    ("tilt-shift look", ""),
    ("a crane stands in the lake", ""),
    ("a 50mm zoom lens", ""),
    ("rain-soaked street, slow dolly forward", "push"),
    ("a tilted head", ""),
    ("the man pulls back the curtain", ""),
    ("he pushes the door", ""),
    ("the truck left the garage", ""),
    ("the pan slides off the table", ""),
    ("she holds a cup", ""),
    ("TV static", ""),
    ("a misty morning", ""),
    ("make it move", ""),
    ("bring it to life", ""),
    ("", ""),
]  # fmt: skip


def _shown(intent: MotionIntent) -> str:
    """An intent in the notation of the table."""
    camera = " > ".join(" + ".join(_move(move) for move in phase) for phase in intent.phases)
    rest = [_words(one.element, one.action, one.direction, one.speed) for one in intent.subject]
    rest += [_words(one.kind, one.direction, one.speed) for one in intent.atmosphere]
    return f"{camera} | {', '.join(rest)}".strip() if rest else camera


def _move(move: CameraMove) -> str:
    return _words(move.kind, move.direction, move.speed) + (f"@{move.target}" if move.target else "")


def _words(*parts: str) -> str:
    return " ".join(part for part in parts if part not in ("none", "slow"))


@pytest.mark.parametrize(("prompt", "expected"), TABLE, ids=[row[0] or "nothing" for row in TABLE])
def test_what_artists_write_is_understood(prompt: str, expected: str) -> None:
    assert _shown(read(prompt).intent) == expected


@given(st.text(max_size=200))
@settings(max_examples=tries(300), deadline=None)
def test_reading_never_raises(text: str) -> None:
    read(text)


_VOCABULARY = sorted(
    {
        *words_of.CAMERA_VERBS,
        *words_of.ACTIONS,
        *words_of.ELEMENTS,
        *words_of.AIR,
        *words_of.DIRECTIONS,
        *words_of.FILLERS,
    }
    | {
        *words_of.NEGATORS,
        *words_of.PREPOSITIONS,
        *words_of.CAMERA_WORDS,
        "then",
        "after",
        "before",
        "and",
        "while",
        ",",
    }
    | {"panning", "pushes", "handheld", "static", "slowly", "quickly", "or", "very"}
)
_SENTENCES = st.lists(st.sampled_from(_VOCABULARY), max_size=14).map(" ".join)
_PROMPTS = st.sampled_from([row[0] for row in TABLE]) | _SENTENCES


@given(_SENTENCES)
@settings(max_examples=tries(500), deadline=None)
def test_any_heap_of_motion_words_can_be_read(text: str) -> None:
    intent = read(text).intent
    assert all(phase for phase in intent.phases)
    assert all(
        move.direction is Direction.NONE or move.direction in words_of.ALLOWED[move.kind]
        for phase in intent.phases
        for move in phase
    )


VARIANTS = {
    "upper case": str.upper,
    "title case": str.title,
    "doubled spaces": lambda text: f"  {text.replace(' ', '   ')}\t",
    "wrapped lines": lambda text: text.replace(" ", "\n"),
    "trailing dots": lambda text: f"{text}...",
    "semicolons": lambda text: text.replace(",", ";").replace(".", ";"),
    "full stops": lambda text: text.replace(",", "."),
    "spaces for hyphens": lambda text: text.replace("-", " "),
    "typographic hyphens": lambda text: text.replace("-", "‑"),
    "typographic quotes": lambda text: f"“{text.replace(chr(39), '’')}”",
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in text),
}


@pytest.mark.parametrize("variant", VARIANTS)
@given(text=_PROMPTS)
@settings(max_examples=tries(100), deadline=None)
def test_reading_is_blind_to(variant: str, text: str) -> None:
    if variant == "title case":
        text = text.replace("'", "")
    assert read(VARIANTS[variant](text)).intent == read(text).intent


def _moves() -> st.SearchStrategy[CameraMove]:
    def made(kind: Camera) -> st.SearchStrategy[CameraMove]:
        if kind is Camera.STATIC:
            return st.just(CameraMove(kind=kind))
        ways = words_of.ALLOWED.get(kind, ())
        open_side = () if kind is Camera.ZOOM else (Direction.NONE,)
        aimed = kind not in (Camera.HANDHELD, Camera.ROLL)
        return st.builds(
            CameraMove,
            kind=st.just(kind),
            direction=st.sampled_from((*open_side, *ways) if ways else (Direction.NONE,)),
            speed=st.sampled_from(Speed),
            target=st.sampled_from(["", "the old lighthouse", "her eyes", "boat"]) if aimed else st.just(""),
        )

    return st.sampled_from(Camera).flatmap(made)


_ACTIONS = sorted(
    {one.name for one in words_of.ACTIONS.values() if not (one.owner or one.heading is not Direction.NONE)}
)

_INTENTS = st.builds(
    MotionIntent,
    phases=st.lists(
        st.lists(_moves(), min_size=1, max_size=3, unique_by=lambda move: move.kind).map(tuple),
        max_size=3,
    ).map(tuple),
    subject=st.lists(
        st.builds(
            SubjectMotion,
            element=st.sampled_from(["hair", "curtains", "water", "leaves", "grass", "man", "flags", "robot"]),
            action=st.sampled_from(_ACTIONS),
            direction=st.sampled_from([Direction.NONE, Direction.LEFT, Direction.RIGHT]),
            speed=st.sampled_from(Speed),
        ),
        max_size=2,
        unique_by=lambda one: one.element,
    ).map(tuple),
    atmosphere=st.lists(
        st.builds(
            Atmosphere,
            kind=st.sampled_from(Air),
            direction=st.sampled_from([Direction.NONE, Direction.LEFT, Direction.RIGHT, Direction.UP, Direction.DOWN]),
            speed=st.sampled_from(Speed),
        ),
        max_size=2,
        unique_by=lambda one: one.kind,
    ).map(tuple),
)  # fmt: skip


@given(_INTENTS)
@settings(max_examples=tries(500), deadline=None)
def test_an_intent_put_into_words_reads_back_as_itself(intent: MotionIntent) -> None:
    assert read(phrase(intent)).intent == intent


def _shot(**columns: str) -> Shot:
    return Shot(
        code="sh010", place=Place("shots.csv", 2), still="still.png", fps=Fraction(24), nb_frames=48, width=1920,
        height=1080, **columns,
    )  # fmt: skip


COLUMNS = [
    ("camera replaces the words", {"prompt": "push in, mist drifting", "camera": "pan left"}, "pan left | mist"),
    ("a bare verb is enough in a column", {"camera": "drift left"}, "truck left"),
    ("static as a column", {"prompt": "push in", "camera": "static"}, "static"),
    ("direction completes the camera", {"camera": "pan", "direction": "left"}, "pan left"),
    ("direction says where from", {"camera": "pan", "direction": "from the left"}, "pan right"),
    ("direction turns a pan into a tilt", {"camera": "pan", "direction": "up"}, "tilt up"),
    ("direction turns a push into a pull", {"prompt": "push", "direction": "out"}, "pull"),
    ("direction leaves alone what it does not fit", {"prompt": "push in", "direction": "left"}, "push"),
    ("speed holds for every move", {"prompt": "push in, then pan left", "speed": "very slow"},
     "push very slow > pan left very slow"),
    ("speed without a camera move is the subject's", {"prompt": "hair blowing", "speed": "fast"}, "| hair sway fast"),
    ("direction without a camera move is the subject's", {"prompt": "mist", "direction": "right"}, "| mist right"),
    ("atmosphere needs no verb in its column", {"camera": "push", "atmosphere": "dust, light"}, "push | dust, light"),
    ("an unknown subject is kept as said", {"subject": "The Jabberwock"}, "| the jabberwock"),
    ("subject replaces the words", {"prompt": "hair blowing", "subject": "she blinks"}, "| eyes blink"),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "expected"), [row[1:] for row in COLUMNS], ids=[row[0] for row in COLUMNS])
def test_columns_override_words(columns: dict[str, str], expected: str) -> None:
    assert _shown(intent_of(_shot(**columns))) == expected


def test_a_shot_without_words_is_a_hold() -> None:
    assert intent_of(_shot()).is_hold
    assert phrase(MotionIntent()) == ""


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("static camera, pan left", ("static camera and pan left",)),
        ("push in and pull back at once", ("push in and pull back",)),
        ("pan left and right", ("pan left and pan right",)),
        ("pan left, then pan right", ()),
        ("push in while tilting up", ()),
    ],
)
def test_contradictions_are_found_within_a_phase(prompt: str, expected: tuple[str, ...]) -> None:
    assert read(prompt).contradictions == expected


def test_what_is_forbidden_is_kept_in_words() -> None:
    assert read("no people, slow push in without panning and no zoom").refused == (
        "no people",
        "without panning",
        "no zoom",
    )


def test_an_open_side_is_reported() -> None:
    assert [move.kind for move in read("slow pan, then orbit around the vase").undirected] == [Camera.PAN, Camera.ORBIT]


def test_shots_with_equal_words_have_equal_intents() -> None:
    shot = _shot(prompt="slow push in; mist drifting")
    assert intent_of(shot) == intent_of(replace(shot, code="sh020"))
