"""The one process that decides and writes task state: many jobs, one lead, no Ray."""
