"""How good a take is, on an absolute scale: measured once, judged by a table, said in a sentence.

    mezzanine ──one streaming decode──▶ Measured ──gates, components──▶ Score ──▶ "pans left 9.8 % as asked"
       still ──register──▶ ╯            numbers             tables

No take is compared with another: two takes of a shot, or of two farms, have comparable scores. Nothing here needs
weights; it runs on small grey pictures on one core.
"""

from farm.scoring.judge import Score, judge
from farm.scoring.measure import Measured, measure

__all__ = ["Measured", "Score", "judge", "measure"]
