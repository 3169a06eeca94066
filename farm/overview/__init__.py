"""The farm at one moment, for people: who leads, rates, lanes, nodes, what waits for what, jobs and how long they take.

    pulse (farm.driver.glance, rates) ─┐
    job lines, requests, durations ────┴─▶ overview() ─▶ Overview ─▶ farm top (drawn), farm top --json

Nothing is counted here: the driver's numbers are shown as it last said them, the job store's as they stand.
"""
