"""Telling people, and their other systems, what becomes of jobs: webhooks and Slack.

    outbox ──reader──▶ letters ──teller──▶ deliveries ──post──▶ endpoint
             (what of it is news)    (in order, tried again)   (signed, short of patience)

Only the driver that leads tells, a thread for each webhook: whatever an endpoint does, rendering goes on. What was read
from the outbox and what was delivered stands in the job store, so that nothing is lost when the lead changes hands, and
nothing doubled but what was on its way then.
"""
