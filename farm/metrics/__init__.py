"""What a farm tells Prometheus: families as data, parts that hear the driver and count, one endpoint.

    Scheduler decides ─▶ Meter (driver's thread) ─▶ parts: attempts, takes, workers, … ─┐
    job store ─▶ totals (a thread of its own, when scraped) ────────────────────────────┼▶ registry ─▶ /metrics
    lead, process ──────────────────────────────────────────────────────────────────────┘

Everything is counted from the decisions that the books are written from, so that a number here and the state of the
farm are one thing seen twice. `families` says what there is, `labels` how many label values there may be.
"""
