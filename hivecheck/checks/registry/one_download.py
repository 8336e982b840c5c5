"""The hub sent a model's file once, in one or more parts: no download began again from the first byte."""

from __future__ import annotations

import itertools

from hivecheck.history import Event, History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted


def one_download(history: History, *, model: str, size_bytes: int, parts: int = 1) -> Verdict:
    """The hub's journal has `parts` downloads. Each resumes where the one before it ended, and the last one reaches `size_bytes`."""
    began = _lines(history, "download_began", model)
    ended = {line.data["n"]: line for line in _lines(history, "download_ended", model)}
    if not began or any(line.data["n"] not in ended for line in began):
        return inconclusive(
            expected=f"downloads of {model} that have ended", actual=f"{counted(len(began), 'download')} began, {len(ended)} ended"
        )
    spans = [(int(line.data["start"]), int(line.data["start"]) + int(ended[line.data["n"]].data["sent"])) for line in began]
    ranges = ", ".join(f"{start} to {end}" for start, end in spans)
    if len(spans) != parts or spans[0][0] != 0 or spans[-1][1] != size_bytes:
        return failed(expected=f"{counted(parts, 'download')} of {model}, together from byte 0 to {size_bytes}", actual=ranges)
    # After a break the receiver may have less than the hub sent. So parts may overlap, but none begins at 0 again.
    if any(not 0 < start <= before for (_, before), (start, _) in itertools.pairwise(spans)):
        return failed(expected=f"each download of {model} resumes where the one before it ended", actual=ranges)
    return passed(ranges)


def _lines(history: History, event: str, model: str) -> list[Event]:
    return [line for line in history.journal(event) if line.data["model"] == model]
