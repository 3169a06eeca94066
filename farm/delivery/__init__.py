"""What makes a clip a deliverable: timecode, burn-in, slate, tags, and a signed word on how it was made.

    Credit (who, which take, made how) ─┬▶ burnin, slate ──▶ pictures that ffmpeg lays over and before the frames
                                        ├▶ tags          ──▶ title and comment, which players show
                                        └▶ provenance    ──▶ a C2PA manifest ──signing──▶ in the file, read back

Nothing here depends on the day it runs: equal inputs give equal pictures. Only signatures differ.
"""

from farm.delivery.burnin import BurnIn
from farm.delivery.identity import Identity, identity
from farm.delivery.provenance import manifest
from farm.delivery.signing import Signer, Still
from farm.delivery.slate import leader

__all__ = ["BurnIn", "Identity", "Signer", "Still", "identity", "leader", "manifest"]
