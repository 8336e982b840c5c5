"""A load with a stopped client says so: it is INVALID, and its latencies keep the client's delay apart from the server's."""

from __future__ import annotations

from hivecheck.checks.load.load_facts import Run, failures, figure, groups
from hivecheck.errors import Reason
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

INVALID = 2  # exit code
CLIENT = "It is the client"
LATE, COMPLETE = "late", "complete"
OBSERVED_SHARE = 0.8  # of the stop: within the schedule, and as a latency from the intended time
PRECISION = 0.01  # of a mean, because a histogram rounds


def own_fault(history: History) -> Verdict:
    """The last load is INVALID and blames its client. Its server answered every request, the late ones too.

    Latencies from the intended time hold the stop, and exceed those from the sending by the lateness: how fast the server is plays no part.

    A stop that missed the schedule had no effect, and there is no verdict.
    """
    runs = groups(history)[-1] if groups(history) else []
    if not runs or not runs[0]["stopped"]:
        return inconclusive(expected="a load with a stopped client", actual="none")
    run = runs[0]
    begin, end = run["stopped"]
    seconds, within = end - begin, _within_schedule(history, run)
    if within < OBSERVED_SHARE * seconds:
        return inconclusive(
            expected=f"a stop of {seconds:.2f} s within the schedule",
            actual=f"{max(0.0, within):.2f} s of it",
            remedy="run again on a less busy machine",
            reason=Reason.NO_EFFECT,
        )
    codes = [reason["code"] for reason in run["invalid_reasons"]]
    if run["exit_code"] != INVALID or run["valid"] or LATE not in codes:
        return failed(expected=f"an INVALID run with exit code {INVALID}, because its client was late", actual=_state(run, codes))
    if run["side"] != "client" or CLIENT not in run["answer"]:
        return failed(expected=f'a report that begins with "{CLIENT}"', actual=f"side {run['side']}: {run['answer'] or 'no such line'}")
    totals = run["totals"]
    if totals["outcomes"] != {COMPLETE: totals["scheduled"]}:
        return failed(expected=f"{counted(totals['scheduled'], 'complete request')}, the late ones too", actual=failures(run))
    longest = figure(run, "e2e", "max")
    whole, served, late = (figure(run, metric, "mean") for metric in ("e2e", "e2e_from_send", "lateness"))
    actual = f"max {longest:.3f} s; mean {whole:.3f} s from the intended time, {served:.3f} s from the sending, lateness {late:.3f} s"
    if not (longest >= OBSERVED_SHARE * seconds and abs(whole - served - late) <= PRECISION * whole):
        return failed(expected=f"the stop of {seconds:.2f} s in e2e from the intended time alone", actual=actual)
    return passed(f"INVALID: {', '.join(codes)}; {actual}")


def _within_schedule(history: History, run: Run) -> float:
    """The seconds of the stop within the schedule. Of all requests the most punctual one shows when the schedule began."""
    due = {request["sha256"]: request["at"] for request in run["requests"] if request["at"] >= 0}
    starts = [line.at - due[sha] for line in history.journal("arrival") if (sha := line.data["body_sha256"]) in due]
    begin, end = run["stopped"]
    return min(end, min(starts) + run["duration"]) - max(begin, min(starts)) if starts else 0.0


def _state(run: Run, codes: list[str]) -> str:
    return f"exit code {run['exit_code']}, {'valid' if run['valid'] else 'INVALID'}: {', '.join(codes) or 'no reason'}"
