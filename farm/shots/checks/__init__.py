"""The checks behind `farm.shots.lint`: of pictures, of prompts, and the table of rules."""
