"""The grammar of motion words behind `farm.shots.motion`: vocabulary as tables, and the little code that reads it."""
