"""How work is decided about: states, requests, reasons to wait, bands, failures, patience."""

from __future__ import annotations

from .markdown import attribute_docs, code, table

WAITS = {
    "UPSTREAM": ("something it is made from is not done", "nothing; ask `farm why` about that task"),
    "HELD": (
        "its job was submitted with `--hold`, or a shot waits for a person's choice",
        "`farm resume JOB`; `farm approve`",
    ),
    "PAUSED": ("its job is paused, or the driver is stopping", "`farm resume JOB`; start a driver"),
    "LIMIT": ("its job or project is at a limit: cost, or GPUs at once", "raise the limit, or wait for GPUs"),
    "BACKOFF": ("it failed and is tried again in a moment, or its whole lane pauses", "read the failure it names"),
    "SHARE": ("the workers are at work for other projects", "wait, or raise the job's priority"),
    "RESERVED": ("room is being kept free for a large gang", "nothing; it ends when the gang starts"),
    "LOADING": ("workers of its lane are coming up", "nothing; the message says how long that takes"),
    "CAPACITY": ("every worker is busy with its own project, or no node has room", "wait, or add nodes"),
    "INCAPABLE": ("no node that is up can take it, though one may come back", "bring such a node up"),
}
"""By name of a `WaitReason`: what it means, and what helps."""

REQUESTS = {
    "SUBMIT": ("LIST", "the document is damaged or of a newer farm, or names another output than the driver's"),
    "PAUSE": ("JOB", "the job is paused already, or has ended"),
    "RESUME": ("JOB", "the job is active already, or has ended"),
    "CANCEL": ("JOB", "the job has ended"),
    "RETRY": ("JOB [--shot]", "nothing of it has failed or was cancelled; the job has no such shot"),
    "PRIORITY": ("JOB N", "N is not 0-100, or the job has ended"),
    "APPROVE": ("JOB SHOT TAKE", "there is no such shot or take, it did not come out, or the job is cancelled"),
    "REROLL": ("JOB SHOT [--takes] [--prompt]", "there is no such shot, it cannot be made, or the job is cancelled"),
    "DRAIN": (
        "NODE [--within]",
        "no node that is up goes by that name, or several do; it drains already, and not later",
    ),
    "WHY": ("JOB\\|TASK [--shot]", "nothing is called that, or several tasks are; the job has no such shot"),
}
"""By name of a `Verb`: what follows it on the command line, and when it is refused."""


def task_states() -> str:
    from farm.tasks import TRANSITIONS

    lines = [f"    {before} --> {after}: {change}" for (before, change), after in TRANSITIONS.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> waiting", *lines, "```"])


def job_states() -> str:
    from farm.store.records import JobState

    docs = attribute_docs(JobState)
    fallback = {
        "ACTIVE": "It runs as the order of the farm has it",
        "PAUSED": "Nothing more of it begins; what ran ended normally",
        "DONE": "Every shot has its clip",
        "CANCELLED": "Somebody ended it; what is finished stays",
    }
    rows = ((code(each), (docs.get(each.name) or fallback[each.name]).rstrip(".")) for each in JobState)
    return table(("state", "means"), rows)


def requests() -> str:
    from farm.store.records import Verb

    def row(verb: Verb) -> tuple[str, ...]:
        arguments, refused = REQUESTS[verb.name]
        return f"`farm {verb} {arguments}`".replace("\\|", "|"), refused

    return table(("request", "refused when"), (row(verb) for verb in Verb))


def wait_reasons() -> str:
    from farm.scheduler.waits import WaitReason

    return table(("reason", "means", "what helps"), ((code(each), *WAITS[each.name]) for each in WaitReason))


def bands() -> str:
    from farm.scheduler.policy import NORMAL_FROM, URGENT_FROM, Band

    most = 100
    ranges = {
        Band.URGENT: (URGENT_FROM, most),
        Band.NORMAL: (NORMAL_FROM, URGENT_FROM - 1),
        Band.BACKGROUND: (0, NORMAL_FROM - 1),
    }
    assert all(Band.of(edge) is band for band, edges in ranges.items() for edge in edges)
    return table(("band", "priority"), ((each, "{}-{}".format(*ranges[each])) for each in Band))


def retries() -> str:
    from farm.errors import FailureKind
    from farm.scheduler.retry import RULES

    docs = attribute_docs(FailureKind)

    def row(kind: FailureKind) -> tuple[str, ...]:
        rule = RULES[kind]
        pause = f"{rule.pause_s:g} s, doubling up to {rule.longest_pause_s:g} s" if rule.pause_s else "none"
        if kind is FailureKind.QUOTA:
            pause = "its lane's"
        meaning = docs[kind.name].partition(". ")[0].rstrip(".")
        return code(kind), meaning, str(rule.retries), pause if rule.retries else "", "yes" if rule.elsewhere else ""

    return table(
        ("kind", "what happened", "retries", "pause before", "on another worker"), (row(kind) for kind in FailureKind)
    )


def faults() -> str:
    from farm.errors import FailureKind
    from farm.scheduler import faults as limits
    from farm.scheduler import trust
    from farm.scheduler.retry import RULES

    pause = f"{limits.PAUSE_S:g} s, doubling up to {limits.LONGEST_PAUSE_S:g} s"
    kills = RULES[FailureKind.CRASHED].retries + 1
    rows = (
        (
            "a take ends its worker",
            f"{kills} times",
            "the take is quarantined: failed, with the last words of the worker",
        ),
        (
            "different tasks end their workers, and none succeeds",
            f"{limits.SICK_AFTER} tasks in a row",
            f"the lane pauses ({pause}), then tries with one worker; meanwhile crashes cost no take a retry",
        ),
        (
            "a provider says later",
            "once",
            "the lane pauses likewise, comes back as wide as it was served, and widens by one a round",
        ),
        (
            "tasks fail on one node and succeed on another",
            f"{trust.BLAMED_BY} tasks",
            "the node is blocked for that lane; what failed only there is tried again elsewhere",
        ),
        (
            "different tasks fail on one node, and nowhere else",
            f"{trust.TRIED_AFTER} tasks in a row",
            "the node is on trial for that lane: one worker at a time, after pauses as above, until a success there",
        ),
        (
            "workers die on a node before they are ready",
            f"{trust.STARTS_MAX} times in a row",
            "the node is blocked for that lane",
        ),
    )
    return table(("what happens", "how often", "what follows"), rows)


def patience() -> str:
    from farm.cluster.lifeline import REPORT_EVERY_S
    from farm.cluster.setup import WorkerSetup
    from farm.scheduler import capability, estimates, rivalry
    from farm.scheduler import patience as scheduling
    from farm.scheduler.policy import Policy

    policy = Policy()
    floor_s = policy.timeout_floor_s
    timeout = (
        f"{estimates.PATIENCE:g} times the 95th percentile of its lane and shape, and {floor_s:,.0f} s at least; "
        f"{estimates.GENEROUS * floor_s:,.0f} s at least while fewer than {estimates.ENOUGH} are known"
    )
    rows = (
        (
            "an attempt runs on",
            timeout,
            "`crashed`; its worker is stopped",
        ),
        ("an attempt was cancelled and runs on", f"{scheduling.CANCEL_S:g} s", "its worker is stopped"),
        (
            "a worker loads its model",
            f"{policy.start_timeout_s:,.0f} s",
            "counts as a worker that died before it was ready",
        ),
        ("a worker hears nothing from the driver", f"{WorkerSetup('', '').silence_s:g} s", "it ends itself"),
        ("a worker of a lane without work idles", f"{policy.idle_stop_s:g} s (`idle_stop_s`)", "it is stopped"),
        (
            "a lane waits, and another project's lane was served more",
            f"{rivalry.OTHER_PROJECT_LOADS} times what its model takes to load",
            "a worker of the other lane gives way between two tasks",
        ),
        (
            "a lane without any worker waits for one of its own project's lanes",
            f"{rivalry.OWN_PROJECT_LOADS} times what its model takes to load",
            "likewise",
        ),
        (
            "no node can take a lane's work, and one that could is lost or has not come yet",
            f"{capability.RETURN_S:g} s",
            "its tasks fail, and say which worker fits nowhere",
        ),
        ("progress is told", f"every {REPORT_EVERY_S:g} s at most", ""),
    )
    return table(("what", "how long", "then"), rows)


def lead() -> str:
    from farm.jobview import STALE_US
    from farm.store import postgres_lead

    rows = (
        (
            "SQLite",
            "a lock on a file",
            "at once: the operating system takes the lock back",
            "when it ends or is killed",
        ),
        (
            "PostgreSQL",
            "a session with an advisory lock",
            "at once: the server frees the lock with the connection",
            f"after {postgres_lead.SILENCE_S:g} s without a sign of life: the next to ask ends its sessions",
        ),
    )
    told = f"`farm jobs` says `no driver since …` when the last sign is {STALE_US / 1e6:g} s old."
    return (
        f"{table(('store', 'the leader holds', 'it dies: the next leads', 'it hangs: the next leads'), rows)}\n\n{told}"
    )
