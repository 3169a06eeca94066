"""The words of motion, as tables: what artists write, and what the farm takes it to mean. No code that reads them.

    REWRITES     several words that mean one ("hand held", "from the left" = moving right, "whip pan" = fast pan)
    LINKS        words between moves: one after the other, or together
    CAMERA_VERBS what a camera can do, by the direction that stands with it
    ACTIONS      what things do by themselves, ELEMENTS which things, AIR what fills the air
    VAGUE        words that ask for motion and name none

Every entry is written in plain lower-case words after normalisation (`farm.shots.clauses`): no hyphens, no apostrophes,
"n't" spelled " not". To teach the farm a word, add it here and a row to the table in `tests/shots/test_motion.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from farm.shots.intent import Air, Camera, Direction, Speed

_SIDE = r"(?: hand)?(?: side)?(?: of (?:the )?(?:frame|screen|picture|image|shot))?"
_FRAME = r"(?:(?:the )?(?:frame|screen|camera|picture) )?"

REWRITES: tuple[tuple[str, str], ...] = (
    # Words that only look like motion.
    (r"still lifes?|tilt shift|zoom (?:lens|call)|dust jacket|(?:pull|rack)(?:s|ing)? focus|slow motion", " "),
    (r"(?:frying|sauce|baking) pans?|arc de triomphe|race ?tracks?|train tracks?|(?:static|kinetic) electricity", "thing"),
    (r"(?:snow|mist|fog|rain|dust) (?:capped|covered|soaked|dusted|drenched|slick|slicked|kissed|clad|swept|bound)", " "),
    (r"(?:snow|rain) (?:white|leopard|boots?|coat|forest|bow|man|jacket|drops? on)", "thing"),
    (r"(?:covered|blanketed|buried|deep|knee deep) (?:in|with|by) (?:the )?(?:\w+ )?(?:snow|dust)", " "),
    (r"(?:in|on|through|across|over|under|of) (?:the |a )?(?:fresh |deep |white )?snow(?! falls| falling)", " "),
    # A camera that stays where it is.
    (r"(?:no|without|zero)(?: any)? camera (?:movements?|motion|moves?)|(?:not|never|without) (?:move|moving) the camera", "static camera"),
    (r"(?:the )?camera (?:(?:is|does|do|should|must|will|stays|remains) )+not (?:mov(?:e|es|ing)|be moved)", "static camera"),
    (r"camera (?:static|fixed|locked|still|stationary)|static (?:position|tripod)", "static camera"),
    (r"camera never moves|(?:no|without)(?: any)? (?:movement|motion) of the camera", "static camera"),
    (r"(?:on a )?tripod(?: shot| mounted)?|lock(?:ed)? (?:off|down)(?: camera| shot)?|lockoff|lockdown shot", "static camera"),
    (r"(?:camera|shot|frame|framing)(?: is| stays| remains| holds)+(?: completely| perfectly| absolutely)?"
     r" (?:still|static|fixed|steady|motionless|stationary|locked)", "static camera"),
    (r"(?:stationary|motionless|unmoving|fixed|still|static|locked) (?:wide |medium |close )?(?:camera|shot|framing|frame)", "static camera"),
    (r"hold(?:s|ing)? (?:on (?!to)|the (?:shot|frame|framing))|camera holds|hold for", "static camera "),
    (r"at once", "simultaneously"),
    # Moves with names of their own.
    (r"(?:dolly|push pull) zoom(?:s|ing)?|vertigo (?:effect|shot)|zolly", "push in and zoom out"),
    (r"(?:crash|snap|punch) zoom(?:s|ing)?(?! out)(?: in)?", "fast zoom in"),
    (r"(?:crash|snap) zoom out", "fast zoom out"),
    (r"(?:whip|swish|flash) pan", "fast pan"),
    (r"(?:whip|swish) (?:panning|pans)", "fast pan"),
    (r"dutch(?:es|ed|ing)? (?:tilt|roll)s?|(?:tilt|roll)(?:s|ing)? into (?:a )?dutch(?: angle| tilt)?", "camera roll"),
    (r"ken burns(?: effect| move)?", "slow zoom in"),
    (r"hand ?held|shaky ?cam(?:era)?|camera (?:shakes?|shaking|wobbles?|sways?)", "handheld"),
    (r"360(?: degrees?| deg)?", "orbital"),
    (r"fl(?:y|ies|ying) ?(?:through|over)", "fly forward through"),
    (r"follow(?:s|ing)? shot", "tracking shot"),
    # Directions.
    (r"(?:counter|anti) ?clock ?wise", "counterclockwise"),
    (r"clock wise", "clockwise"),
    (rf"(?:from )?(?:the )?left to (?:the )?right|from {_FRAME}left{_SIDE}|from the left{_SIDE}", "rightward"),
    (rf"(?:from )?(?:the )?right to (?:the )?left|from {_FRAME}right{_SIDE}|from the right{_SIDE}", "leftward"),
    (r"from (?:above|overhead|the top)|top to bottom|to the (?:bottom|ground|floor)", "downward"),
    (r"from (?:below|beneath|the bottom)|bottom to top", "upward"),
    (rf"(?:on|at|in|off) (?:the )?{_FRAME}(?:far )?(?:left|right){_SIDE}", " "),
    (rf"(?:to|towards?) (?:the |{_FRAME})?left(?! (?:of|hand|eye|door|arm)\b){_SIDE}|leftwards?", "leftward"),
    (rf"(?:to|towards?) (?:the |{_FRAME})?right(?! (?:of|hand|eye|door|arm)\b){_SIDE}|rightwards?", "rightward"),
    (r"(?:camera|frame|screen|stage) (left|right)", r"\1"),
    (r"(?:left|right) (?:hand|eye|door|arm|leg|foot|corner|half|part|wall|window|shoulder|cheek|of)", "thing"),
    (r"upwards|skywards?", "upward"),
    (r"downwards", "downward"),
    (r"(?:close|get|mov)(?:s|es|ing|e)? in on", "push in on"),
    (r"close ups?(?: of| on)?|closeups?(?: of| on)?", "closeup"),
    # Speeds.
    (r"(?:very|extremely|ultra|super|really|so|almost imperceptibly) (?:slow(?:ly)?|gentl[ey]|subtl[ey]|gradual(?:ly)?|slight(?:ly)?)", "veryslow"),
    (r"(?:barely|almost im|im)perceptibl[ey]|barely|glacial(?:ly)?|hardly", "veryslow"),
    (r"not (?:too |so |very )?(?:fast|quickly)|(?:at a )?(?:slow|gentle|leisurely) (?:speed|pace)", "slow"),
    (r"(?:at (?:a )?)?(?:medium|moderate|normal|even|steady) (?:speed|pace)", "moderate"),
    (r"(?:at (?:a )?)?(?:high|full|top|fast) (?:speed|pace)", "fast"),
    (r"time ?lapse", "fast"),
)  # fmt: skip
"""(pattern, replacement), tried in this order on whole words."""


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
    Link.WHILE: ("while", "whilst", "as", "with", "when", "at the same time", "simultaneously", "meanwhile", "also", "and while"),
    Link.AND: ("and", "as well as", "plus", "combined with", "but"),
}  # fmt: skip

FIXED_PHRASES = ("next to", "next door", "as if", "as though", "and white", "and blue", "up and down", "back and forth")
"""Words that look like links and are none."""

NEGATORS = frozenset("no not without never avoid none nor neither".split())

CAMERA_WORDS = frozenset(
    "camera cam shot shots lens view viewpoint viewer perspective pov frame framing drone steadicam gimbal dolly we angle".split()
)

FILLERS = frozenset(
    """a an the very more much just also again even further some bit little slight of is are being begins begin starts
    start starting beginning to can will should must continues keeps gets cinematic smooth smoothly steady steadily elegant dramatic
    dramatically controlled simple continuous single long wide medium closeup aerial macro hero establishing epic
    beautiful beautifully natural naturally realistic realistically move movement motion moves camera shot it ever
    first there only all while their his her its our my your this that shallow first""".split()
)
"""Words that may stand between a verb and its direction, or between a thing and what it does."""

POSSESSIVES = frozenset("a an the his her its their my our your this that these those both each every".split())

PREPOSITIONS = frozenset(
    """at by for from in inside into of off on onto over past through throughout to toward towards under upon via with
    across along around round about behind beside beneath between above below against near alongside during""".split()
)

SPEEDS: Mapping[Speed, frozenset[str]] = {
    Speed.VERY_SLOW: frozenset(["veryslow"]),
    Speed.SLOW: frozenset(
        """slow slowly gentle gently subtle subtly soft softly slight slightly gradual gradually lazy lazily calm calmly
        delicate delicately leisurely lightly faint faintly creeping""".split()
    ),
    Speed.MEDIUM: frozenset("moderate moderately medium".split()),
    Speed.FAST: frozenset(
        """fast faster quick quickly rapid rapidly swift swiftly sudden suddenly abrupt abruptly sharp sharply whip hard
        violent violently furious furiously wild wildly strong strongly energetic energetically""".split()
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

TOWARD = frozenset("toward towards into onto on at to".split())
"""Prepositions of a move that goes in on something."""
AROUND = frozenset("around round about".split())
PATHS = frozenset("across along over past through alongside with toward towards to from around".split())
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
    """A direction beside its plain form ("slow drift left", not "drifts left"), or the camera as the one who does it."""
    CAMERA = "camera"
    """The camera as the one who does it."""


@dataclass(frozen=True, slots=True)
class CameraVerb:
    """What a verb asks of the camera, by direction ("around" and "toward" among them); `plain` where none stands with it."""

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
    **dict.fromkeys(("fly", "soar", "swoop", "advance"), CameraVerb(_TRAVEL, (Camera.PUSH, Direction.NONE), Need.PLAIN)),
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
    """What a thing does by itself. `heading` is where the verb alone leads; `owner` who does it when nobody is named."""

    name: str
    heading: Direction = Direction.NONE
    owner: str = ""


def _actions(name: str, verbs: str, heading: Direction = Direction.NONE, owner: str = "") -> dict[str, Action]:
    return dict.fromkeys(verbs.split(), Action(name, heading, owner))


ACTIONS: Mapping[str, Action] = {
    **_actions(
        "sway", "sway blow flutter flow stir rustle bend swing flap tremble wave tousle dance swirl move shiver"
    ),
    **_actions("ripple", "ripple undulate billow shimmer lap sparkle glisten"),
    **_actions("roll", "roll crash break swell surge wash tumble"),
    **_actions("rise", "rise curl waft ascend lift", Direction.UP),
    **_actions("fall", "fall descend drip pour cascade drop streak trickle patter settle", Direction.DOWN),
    **_actions("drift", "drift float pass glide creep travel shift hover linger hang race scud sweep"),
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
    **dict.fromkeys("mist mists fog haze".split(), Air.MIST),
    **dict.fromkeys("steam smoke vapor vapour".split(), Air.STEAM),
    **dict.fromkeys("snow snowflakes snowflake snowfall blizzard".split(), Air.SNOW),
    **dict.fromkeys("rain raindrops rainfall drizzle downpour".split(), Air.RAIN),
    **dict.fromkeys("dust motes particles pollen ash embers sparks".split(), Air.DUST),
    **dict.fromkeys(
        "light lights sunlight sunbeams sunbeam moonlight daylight lightning shadows shadow clouds cloud rays beams beam candlelight firelight".split(),
        Air.LIGHT,
    ),
}  # fmt: skip
"""What fills the air. Passing clouds are read as the light they change."""

AIR_ALONE = frozenset(
    """mist mists fog haze steam smoke vapor vapour snow snowflakes snowfall blizzard rain raindrops rainfall drizzle downpour
    motes particles embers sunbeams lightning rays""".split()
)
"""Things in the air that need no verb: naming them asks for them."""

LIT = frozenset("dappled flickering shifting changing god volumetric".split())
"""Adjectives that make light a happening: "dappled sunlight", "god rays"."""

ELEMENTS = frozenset(
    """hair head eyes eyelids eye lips face hand hands arm arms finger fingers fur mane tail tails wings feathers fabric
    cloth dress skirt scarf cape cloak coat jacket sleeve sleeves shirt veil robe ribbon curtain curtains drapes sail sails
    flag flags banner banners bunting wave waves surf tide water sea ocean lake river stream pond puddle puddles surface
    reflection reflections waterfall leaves leaf foliage branch branches tree trees grass grasses reeds wheat flowers flower
    petals bush bushes plants palms candle candles flame flames fire torch lantern lanterns campfire background foreground
    man woman girl boy child people person figure figures crowd dancer runner rider walker couple pedestrians
    car cars truck trucks bus crane boat boats ship train bird birds fish horse horses dog cat butterfly butterflies
    traffic bottle product wheel wheels blades windmill bubbles liquid strands fringe""".split()
)
"""Things known to move by themselves. Others are taken when they stand right before the verb."""

HABITS: Mapping[str, str] = {
    **dict.fromkeys(
        "hair dress skirt scarf cape veil ribbon flag flags banner leaves branches tree trees grass reeds".split(),
        "sway",
    ),
    **dict.fromkeys(
        "fabric cloth curtain curtains sail sails water lake river stream pond surface reflection".split(), "ripple"
    ),
    **dict.fromkeys("waves sea ocean surf".split(), "roll"),
    **dict.fromkeys("candle candles flame fire torch campfire".split(), "flicker"),
    **dict.fromkeys("head man woman girl boy face".split(), "turn"),
}
"""What a thing most often does: for examples in advice."""

PERSONS = frozenset("he she they him her them who someone somebody".split())
WINDS = frozenset("wind breeze gust gusts winds breezes draft draught".split())

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
