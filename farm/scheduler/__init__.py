"""The only decider of task state: events in, changes and commands out, without clock, I/O, SQL or Ray."""
