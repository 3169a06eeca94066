"""The study of how a farm should grow and shrink."""
