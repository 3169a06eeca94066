"""How frames are made: one adapter per family behind the seam of `farm.models.spec`."""
