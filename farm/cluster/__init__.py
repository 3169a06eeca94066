"""Where work runs: the only importer of Ray."""
