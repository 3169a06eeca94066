"""Wordings that mean one thing, and what they are rewritten to before a prompt is read.

    "no camera movement" -> "static camera"      "from the left" -> "rightward"      "whip pan" -> "fast pan"

Tried in this order, each on whole words of normalised text (`farm.shots.words.clauses`). What only looks like motion
("still life", "snow-capped") is taken out, or becomes a "thing".
"""

from __future__ import annotations

_SIDE = r"(?: hand)?(?: side)?(?: of (?:the )?(?:frame|screen|picture|image|shot))?"
_FRAME = r"(?:(?:the )?(?:frame|screen|camera|picture) )?"

REWRITES: tuple[tuple[str, str], ...] = (
    # Words that only look like motion.
    (r"still lifes?|tilt shift|zoom (?:lens|call)|dust jacket|(?:pull|rack)(?:s|ing)? focus|slow motion", " "),
    (r"(?:frying|sauce|baking) pans?|arc de triomphe|(?:race|train) ?tracks?|(?:static|kinetic) electricity", "thing"),
    (r"(?:snow|mist|fog|rain|dust) (?:capped|covered|soaked|dusted|drenched|slick|kissed|clad|swept|bound)", " "),
    (r"(?:snow|rain) (?:white|leopard|boots?|coat|forest|bow|man|jacket|drops? on)", "thing"),
    (r"(?:covered|blanketed|buried|deep|knee deep) (?:in|with|by) (?:the )?(?:\w+ )?(?:snow|dust)", " "),
    (r"(?:in|on|through|across|over|under|of) (?:the |a )?(?:fresh |deep |white )?snow(?! falls| falling)", " "),
    # A camera that stays where it is.
    (r"(?:no|without|zero)(?: any)? camera (?:movements?|motion|moves?)", "static camera"),
    (r"(?:not|never|without) mov(?:e|ing) the camera", "static camera"),
    (r"camera (?:(?:is|does|do|should|must|will|stays|remains) )+not (?:mov(?:e|es|ing)|be moved)", "static camera"),
    (r"camera (?:static|fixed|locked|still|stationary)|static (?:position|tripod)", "static camera"),
    (r"camera never moves|(?:no|without)(?: any)? (?:movement|motion) of the camera", "static camera"),
    (r"(?:on a )?tripod(?: shot| mounted)?", "static camera"),
    (r"lock(?:ed)? (?:off|down)(?: camera| shot)?|lockoff|lockdown shot", "static camera"),
    (
        (
            r"(?:camera|shot|frame|framing)(?: is| stays| remains| holds)+(?: completely| perfectly| absolutely)?"
            r" (?:still|static|fixed|steady|motionless|stationary|locked)"
        ),
        "static camera",
    ),
    (
        (
            r"(?:stationary|motionless|unmoving|fixed|still|static|locked) (?:wide |medium |close )?"
            r"(?:camera|shot|framing|frame)"
        ),
        "static camera",
    ),
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
    (
        (
            r"(?:very|extremely|ultra|super|really|so|almost imperceptibly) "
            r"(?:slow(?:ly)?|gentl[ey]|subtl[ey]|gradual(?:ly)?|slight(?:ly)?)"
        ),
        "veryslow",
    ),
    (r"(?:barely|almost im|im)perceptibl[ey]|barely|glacial(?:ly)?|hardly", "veryslow"),
    (r"not (?:too |so |very )?(?:fast|quickly)|(?:at a )?(?:slow|gentle|leisurely) (?:speed|pace)", "slow"),
    (r"(?:at (?:a )?)?(?:medium|moderate|normal|even|steady) (?:speed|pace)", "moderate"),
    (r"(?:at (?:a )?)?(?:high|full|top|fast) (?:speed|pace)", "fast"),
    (r"time ?lapse", "fast"),
)  # fmt: skip
"""(pattern, replacement) in the order they are tried."""
