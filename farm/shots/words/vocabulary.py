"""The words of motion, as tables: what artists write, and what the farm takes it to mean. No code that reads them.

    LINKS        words between moves: one after the other, or together
    CAMERA_VERBS what a camera can do, by the direction that stands with it
    ACTIONS      what things do by themselves, ELEMENTS which things, AIR what fills the air
    VAGUE        words that ask for motion and name none

Every entry is written in plain lower-case words after normalisation (`farm.shots.words.clauses`): no hyphens, no
apostrophes, "n't" spelled " not". To teach the farm a word, add it here and a row to the table in
`tests/shots/test_motion.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from farm.shots.intent import Air, Camera, Direction, Speed


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


class Link(StrEnum):
    """How a clause hangs on the one before it."""

    LIST = "list"
    """Only punctuation, or nothing."""
    AND = "and"
    WHILE = "while"
    THEN = "then"
    AFTER = "after"
    """What follows the word comes first: "pan left after pushing in"."""


LINKS: Mapping[Link, tuple[str, ...]] = {
    Link.THEN: (
        "and then", "and finally", "then", "finally", "before", "followed by", "afterwards", "afterward", "after that",
        "subsequently", "eventually", "next", "later", "ending with", "ending in", "ending on", "ends with", "ends on",
        "and ends with", "transitions to", "transitions into", "transitioning into", "turning into", "until it",
    ),
    Link.AFTER: ("after",),
    Link.WHILE: ("while", "whilst", "as", "with", "when", "at the same time", "simultaneously", "meanwhile", "also",
                 "and while"),
    Link.AND: ("and", "as well as", "plus", "combined with", "but"),
}  # fmt: skip

FIXED_PHRASES = ("next to", "next door", "as if", "as though", "and white", "and blue", "up and down", "back and forth")
"""Words that look like links and are none."""

NEGATORS = _names("no not without never avoid none nor neither")

CAMERA_WORDS = _names(
    """camera cam shot shots lens view viewpoint viewer perspective pov frame framing drone steadicam gimbal dolly we
    angle"""
)

FILLERS = _names(
    """degree degrees
    a an the very more much just also again even further some bit little slight of is are being begins begin
    starts start starting beginning to can will should must continues keeps gets cinematic smooth smoothly steady
    steadily elegant dramatic dramatically controlled simple continuous single long wide medium closeup aerial
    macro hero establishing epic beautiful beautifully natural naturally realistic realistically move movement
    motion moves camera shot it ever first there only all while their his her its our my your this that shallow
    first"""
)
"""Words that may stand between a verb and its direction, or between a thing and what it does."""

POSSESSIVES = _names("a an the his her its their my our your this that these those both each every")

PREPOSITIONS = _names(
    """at by for from in inside into of off on onto over past through throughout to toward towards under upon via
    with across along around round about behind beside beneath between above below against near alongside during"""
)

SPEEDS: Mapping[Speed, frozenset[str]] = {
    Speed.VERY_SLOW: frozenset(["veryslow"]),
    Speed.SLOW: _names(
        """slow slowly gentle gently subtle subtly soft softly slight slightly gradual gradually lazy lazily calm
        calmly delicate delicately leisurely lightly faint faintly creeping"""
    ),
    Speed.MEDIUM: _names("moderate moderately medium"),
    Speed.FAST: _names(
        """fast faster quick quickly rapid rapidly swift swiftly sudden suddenly abrupt abruptly sharp sharply whip
        hard violent violently furious furiously wild wildly strong strongly energetic energetically"""
    ),
}

DIRECTIONS: Mapping[str, Direction] = {
    **dict.fromkeys(("left", "leftward"), Direction.LEFT),
    **dict.fromkeys(("right", "rightward"), Direction.RIGHT),
    **dict.fromkeys(("up", "upward"), Direction.UP),
    **dict.fromkeys(("down", "downward"), Direction.DOWN),
    **dict.fromkeys(("in", "inward", "inwards", "forward", "forwards", "closer", "nearer"), Direction.IN),
    **dict.fromkeys(("out", "outward", "outwards", "back", "backward", "backwards", "away"), Direction.OUT),
    "clockwise": Direction.CLOCKWISE,
    "counterclockwise": Direction.COUNTERCLOCKWISE,
}

TOWARD = _names("toward towards into onto on at to")
"""Prepositions of a move that goes in on something."""
AROUND = _names("around round about")
PATHS = _names("across along over past through alongside with toward towards to from around")
"""Prepositions that make a bare "pan" or "track" a move."""

Sense = tuple[Camera, Direction]

_LEFT_RIGHT = (Direction.LEFT, Direction.RIGHT)
_UP_DOWN = (Direction.UP, Direction.DOWN)
_IN_OUT: Mapping[Direction | str, Sense] = {
    Direction.IN: (Camera.PUSH, Direction.NONE),
    Direction.OUT: (Camera.PULL, Direction.NONE),
}
_TOWARD: Mapping[Direction | str, Sense] = {"toward": (Camera.PUSH, Direction.NONE)}


def _along(camera: Camera, directions: tuple[Direction, ...]) -> dict[Direction | str, Sense]:
    return {direction: (camera, direction) for direction in directions}


_ORBIT: Mapping[Direction | str, Sense] = {
    **_along(Camera.ORBIT, _LEFT_RIGHT),
    # Seen from above, a camera in front of its subject sets out to the left when it goes round clockwise.
    Direction.CLOCKWISE: (Camera.ORBIT, Direction.LEFT),
    Direction.COUNTERCLOCKWISE: (Camera.ORBIT, Direction.RIGHT),
}
_AROUND: Mapping[Direction | str, Sense] = {"around": (Camera.ORBIT, Direction.NONE)}
_TURN: Mapping[Direction | str, Sense] = {
    **_along(Camera.PAN, _LEFT_RIGHT),
    **_along(Camera.TILT, _UP_DOWN),
}
_TRAVEL: Mapping[Direction | str, Sense] = {
    **_along(Camera.TRUCK, _LEFT_RIGHT),
    **_along(Camera.PEDESTAL, _UP_DOWN),
    **_IN_OUT,
    **_TOWARD,
    **_AROUND,
}
_ROLL: Mapping[Direction | str, Sense] = {
    Direction.CLOCKWISE: (Camera.ROLL, Direction.CLOCKWISE),
    Direction.COUNTERCLOCKWISE: (Camera.ROLL, Direction.COUNTERCLOCKWISE),
    Direction.RIGHT: (Camera.ROLL, Direction.CLOCKWISE),
    Direction.LEFT: (Camera.ROLL, Direction.COUNTERCLOCKWISE),
    **_AROUND,
}


class Need(StrEnum):
    """What must stand with a verb before it is taken for a camera move."""

    NOTHING = "nothing"
    DIRECTION = "direction"
    """A direction or path beside it, a speed before it, or the camera as the one who does it."""
    STRICT = "strict"
    """A direction beside it, or the camera as the one who does it: the word is mostly used of other things."""
    PLAIN = "plain"
    """A direction beside its plain form ("slow drift left", not "drifts left"), or the camera as its doer."""
    CAMERA = "camera"
    """The camera as the one who does it."""


@dataclass(frozen=True, slots=True)
class CameraVerb:
    """What a verb asks of the camera, by direction ("around" and "toward" among them); `plain` where there is none."""

    senses: Mapping[Direction | str, Sense]
    plain: Sense | None = None
    need: Need = Need.DIRECTION
    transitive: bool = False
    """What follows without a preposition is the target: "circle the bottle"."""


_PAN = CameraVerb({**_TURN, **_IN_OUT}, (Camera.PAN, Direction.NONE))
_TILT = CameraVerb({**_along(Camera.TILT, _UP_DOWN), **_ROLL}, (Camera.TILT, Direction.NONE))
_TRUCK = CameraVerb(_TRAVEL, (Camera.TRUCK, Direction.NONE))
_CRANE = CameraVerb(
    {**_along(Camera.TRUCK, _LEFT_RIGHT), **_along(Camera.PEDESTAL, _UP_DOWN), **_IN_OUT, **_AROUND},
    (Camera.PEDESTAL, Direction.NONE),
    Need.STRICT,
)
_RISE = CameraVerb({}, (Camera.PEDESTAL, Direction.UP), Need.CAMERA)
_SINK = CameraVerb({}, (Camera.PEDESTAL, Direction.DOWN), Need.CAMERA)
_MOVE = CameraVerb(_TRAVEL, None, Need.PLAIN)
_FLY = CameraVerb(_TRAVEL, (Camera.PUSH, Direction.NONE), Need.PLAIN)
_SWING = CameraVerb({**_TURN, **_AROUND}, (Camera.PAN, Direction.NONE), Need.CAMERA)
_PULL = (Camera.PULL, Direction.NONE)

CAMERA_VERBS: Mapping[str, CameraVerb] = {
    "push": CameraVerb({**_IN_OUT, **_TOWARD}, (Camera.PUSH, Direction.NONE)),
    "pull": CameraVerb({**_IN_OUT, Direction.UP: (Camera.PEDESTAL, Direction.UP)}, _PULL),
    "zoom": CameraVerb(
        _along(Camera.ZOOM, (Direction.IN, Direction.OUT)), (Camera.ZOOM, Direction.IN), Need.NOTHING
    ),
    "pan": _PAN,
    "tilt": _TILT,
    **dict.fromkeys(("truck", "track", "crab", "strafe", "slide"), _TRUCK),
    "dolly": CameraVerb(_TRAVEL, (Camera.PUSH, Direction.NONE)),
    **dict.fromkeys(("pedestal", "boom", "crane", "jib"), _CRANE),
    "orbit": CameraVerb(_ORBIT, (Camera.ORBIT, Direction.NONE), Need.NOTHING, transitive=True),
    "arc": CameraVerb({**_ORBIT, **_AROUND}, (Camera.ORBIT, Direction.NONE), Need.STRICT),
    **dict.fromkeys(
        ("circle", "revolve", "encircle"),
        CameraVerb({**_ORBIT, **_AROUND}, (Camera.ORBIT, Direction.NONE), Need.CAMERA, transitive=True),
    ),
    "roll": CameraVerb(_ROLL, (Camera.ROLL, Direction.NONE), Need.STRICT),
    "rotate": CameraVerb(_ROLL, (Camera.ROLL, Direction.NONE), Need.STRICT),
    "spin": CameraVerb(_ROLL, (Camera.ROLL, Direction.NONE), Need.CAMERA),
    **dict.fromkeys(("move", "drift", "glide", "float", "travel", "creep", "ease", "inch"), _MOVE),
    **dict.fromkeys(("come", "go", "get"), CameraVerb(_TRAVEL, None, Need.CAMERA)),
    **dict.fromkeys(("fly", "soar", "swoop", "advance"), _FLY),
    **dict.fromkeys(("turn", "swing", "swivel", "sweep", "look"), _SWING),
    **dict.fromkeys(("rise", "ascend", "lift", "climb", "elevate"), _RISE),
    **dict.fromkeys(("descend", "lower", "sink", "drop"), _SINK),
    **dict.fromkeys(("retreat", "recede", "withdraw", "back", "retract"), CameraVerb({}, _PULL, Need.CAMERA)),
    "reveal": CameraVerb({}, _PULL, Need.CAMERA, transitive=True),
    "approach": CameraVerb({}, (Camera.PUSH, Direction.NONE), Need.CAMERA, transitive=True),
    "follow": CameraVerb(_TRAVEL, (Camera.TRUCK, Direction.NONE), Need.CAMERA, transitive=True),
}  # fmt: skip

ALLOWED: Mapping[Camera, tuple[Direction, ...]] = {
    Camera.ZOOM: (Direction.IN, Direction.OUT),
    Camera.PAN: _LEFT_RIGHT,
    Camera.TILT: _UP_DOWN,
    Camera.TRUCK: _LEFT_RIGHT,
    Camera.PEDESTAL: _UP_DOWN,
    Camera.ORBIT: _LEFT_RIGHT,
    Camera.ROLL: (Direction.CLOCKWISE, Direction.COUNTERCLOCKWISE),
}
"""Directions each kind of move can take; PUSH and PULL say theirs by name."""

ASSUMED: Mapping[Camera, Direction] = {
    Camera.PAN: Direction.RIGHT,
    Camera.TILT: Direction.UP,
    Camera.TRUCK: Direction.RIGHT,
    Camera.PEDESTAL: Direction.UP,
    Camera.ORBIT: Direction.RIGHT,
    Camera.ROLL: Direction.CLOCKWISE,
}
"""Where a move goes when the words name no side: what `farm.shots.amounts` takes Direction.NONE for."""

OPPOSITES: frozenset[frozenset[Direction | Camera]] = frozenset(
    frozenset[Direction | Camera](pair)
    for pair in (_LEFT_RIGHT, _UP_DOWN, (Direction.IN, Direction.OUT), (Camera.PUSH, Camera.PULL),
                 (Direction.CLOCKWISE, Direction.COUNTERCLOCKWISE))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """What a thing does by itself. `heading` is where the verb alone leads; `owner` who does it if nobody is named."""

    name: str
    heading: Direction = Direction.NONE
    owner: str = ""


def _actions(name: str, verbs: str, heading: Direction = Direction.NONE, owner: str = "") -> dict[str, Action]:
    return dict.fromkeys(verbs.split(), Action(name, heading, owner))


ACTIONS: Mapping[str, Action] = {
    **_actions(
        "sway", "sway blow flutter flow stir rustle bend swing flap tremble wave tousle dance swirl move shiver bob"
    ),
    **_actions("ripple", "ripple undulate billow shimmer lap sparkle glisten"),
    **_actions("roll", "roll crash break swell surge wash tumble"),
    **_actions("rise", "rise curl waft ascend lift", Direction.UP),
    **_actions("fall", "fall descend drip pour cascade drop streak trickle patter settle", Direction.DOWN),
    **_actions("drift", "drift float pass glide creep travel shift hover linger hang race scud sweep sail arrive"),
    **_actions(
        "flicker",
        "flicker pulse glow fade dim brighten change play filter stream glint glimmer twinkle dapple lengthen",
    ),
    **_actions("turn", "turn rotate spin revolve tilt look glance gaze"),
    **_actions("nod", "nod", owner="head"),
    **_actions("blink", "blink", owner="eyes"),
    **_actions("smile", "smile laugh grin", owner="face"),
    **_actions("breathe", "breathe inhale exhale", owner="chest"),
    **_actions("walk", "walk stroll run step stride jog"),
    **_actions("drive", "drive speed"),
    **_actions("fly", "fly soar swoop"),
    **_actions("swim", "swim"),
    **_actions("gesture", "gesture reach raise point nods shrug lean sip drink speak talk sing"),
}
"""Verb -> what it comes to."""

AIR: Mapping[str, Air] = {
    **dict.fromkeys(_names("mist mists fog haze"), Air.MIST),
    **dict.fromkeys(_names("steam smoke vapor vapour"), Air.STEAM),
    **dict.fromkeys(_names("snow snowflakes snowflake snowfall blizzard"), Air.SNOW),
    **dict.fromkeys(_names("rain raindrops rainfall drizzle downpour"), Air.RAIN),
    **dict.fromkeys(_names("dust motes particles pollen ash embers sparks"), Air.DUST),
    **dict.fromkeys(
        _names(
            """light lights sunlight sunbeams sunbeam moonlight daylight lightning shadows shadow clouds cloud rays
            beams beam candlelight firelight"""
        ),
        Air.LIGHT,
    ),
}  # fmt: skip
"""What fills the air. Passing clouds are read as the light they change."""

AIR_ALONE = _names(
    """mist mists fog haze steam smoke vapor vapour snow snowflakes snowfall blizzard rain raindrops rainfall drizzle
    downpour motes particles embers sunbeams lightning rays"""
)
"""Things in the air that need no verb: naming them asks for them."""

LIT = _names("dappled flickering shifting changing god volumetric")
"""Adjectives that make light a happening: "dappled sunlight", "god rays"."""

ELEMENTS = _names(
    """hair head eyes eyelids eye lips face hand hands arm arms finger fingers fur mane tail tails wings feathers
    fabric cloth dress skirt scarf cape cloak coat jacket sleeve sleeves shirt veil robe ribbon curtain curtains
    drapes sail sails flag flags banner banners bunting wave waves surf tide water sea ocean lake river stream
    pond puddle puddles surface reflection reflections waterfall leaves leaf foliage branch branches tree trees
    grass grasses reeds wheat flowers flower petals bush bushes plants palms candle candles flame flames fire
    torch lantern lanterns campfire background foreground man woman girl boy child people person figure figures
    crowd dancer runner rider walker couple pedestrians car cars truck trucks bus crane boat boats ship train bird
    birds fish horse horses dog cat butterfly butterflies traffic bottle product wheel wheels blades windmill
    bubbles liquid strands fringe"""
)
"""Things known to move by themselves. Others are taken when they stand right before the verb."""

HABITS: Mapping[str, str] = {
    **dict.fromkeys(
        _names("""hair dress skirt scarf cape veil ribbon flag flags banner leaves branches tree trees grass reeds"""),
        "sway",
    ),
    **dict.fromkeys(
        _names("fabric cloth curtain curtains sail sails water lake river stream pond surface reflection"), "ripple"
    ),
    **dict.fromkeys(_names("waves sea ocean surf"), "roll"),
    **dict.fromkeys(_names("candle candles flame fire torch campfire"), "flicker"),
    **dict.fromkeys(_names("head man woman girl boy face"), "turn"),
}
"""What a thing most often does: for examples in advice."""

PERSONS = _names("he she they him her them who someone somebody")
WINDS = _names("wind breeze gust gusts winds breezes draft draught")

VAGUE = (
    "make it move", "make this move", "make them move", "animate", "bring it to life", "bring this to life",
    "bring to life", "come to life", "comes to life", "come alive", "some motion", "some movement", "add motion",
    "add movement", "cinematic", "dynamic", "epic", "lively", "more alive", "make it alive", "make it dynamic",
    "movement", "motion", "move", "moves", "video", "moving", "do something", "interesting", "cool", "beautiful",
)  # fmt: skip
"""Words that ask for motion without naming any."""

SCENE_CHANGES = (
    "cut to", "cuts to", "cutting to", "next scene", "next shot", "second scene", "new scene", "scene 2", "shot 2",
    "scene two", "shot two", "smash cut", "jump cut", "dissolve to", "dissolves to", "fade to", "fades to",
    "different location", "montage", "meanwhile in",
)  # fmt: skip
"""Words that ask for more than one picture."""
