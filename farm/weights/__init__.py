"""Weights on this machine: pulled from the hub or added from a folder, checked, hashed, recorded."""
