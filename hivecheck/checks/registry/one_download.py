"""A model's file was put out by the hub once: no byte of it was sent to anybody twice."""

from __future__ import annotations

import itertools

from hivecheck.history import Event, History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def one_download(history: History, *, model: str, size_bytes: int, parts: int = 1) -> Verdict:
    """By the hub's journal: `parts` downloads, each from where the one before it had come to, the last one to the end.

    A part that was broken off may have sent more than its receiver took: the next one begins there or before, never at the beginning.
    """
    began = _lines(history, "download_began", model)
    ended = {line.data["n"]: line for line in _lines(history, "download_ended", model)}
    if not began or any(line.data["n"] not in ended for line in began):
        return inconclusive(expected=f"downloads of {model} that have ended", actual=f"{len(began)} began, {len(ended)} ended")
    spans = [(int(line.data["start"]), int(line.data["start"]) + int(ended[line.data["n"]].data["sent"])) for line in began]
    told = ", ".join(f"{start} to {end}" for start, end in spans)
    if len(spans) != parts or spans[0][0] != 0 or spans[-1][1] != size_bytes:
        return failed(expected=f"{parts} download(s) of {model}, in all from 0 to {size_bytes}", actual=told)
    if any(not 0 < start <= before for (_, before), (start, _) in itertools.pairwise(spans)):
        return failed(expected=f"each download of {model} going on where the one before it had come to", actual=told)
    return passed(told)


def _lines(history: History, event: str, model: str) -> list[Event]:
    return [line for line in history.journal(event) if line.data["model"] == model]
