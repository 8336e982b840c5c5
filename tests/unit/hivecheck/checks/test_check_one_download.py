"""Check: one download."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.registry.one_download import one_download
from hivecheck.history import Event


def download(number: int, start: int, sent: int | None, model: str = "model-x") -> list[Event]:
    """One download of the hub's journal; `sent` None: it has not ended."""
    common = {"n": number, "model": model, "start": start}
    lines = [Event(float(number), "journal", "hub", {"event": "download_began", **common})]
    return lines if sent is None else [*lines, Event(number + 0.5, "journal", "hub", {"event": "download_ended", "sent": sent, **common})]


def test_one_download_passes() -> None:
    """One whole download passes, and other models do not count."""
    must_say(one_download(tell(download(1, 0, 100), download(2, 0, 7, "model-y")), model="model-x", size_bytes=100), PASSED, "0 to 100")


def test_other_number_of_downloads_fails() -> None:
    """A second download, or a missing part, fails."""
    twice = tell(download(1, 0, 100), download(2, 0, 100))
    must_say(one_download(twice, model="model-x", size_bytes=100), FAILED, "0 to 100, 0 to 100")
    must_say(one_download(tell(download(1, 0, 100)), model="model-x", size_bytes=100, parts=2), FAILED)


def test_part_resumes_where_the_last_ended() -> None:
    """Each part resumes where the one before it ended, and the last one completes the file."""
    must_say(one_download(tell(download(1, 0, 60), download(2, 50, 50)), model="model-x", size_bytes=100, parts=2), PASSED)
    must_say(one_download(tell(download(1, 0, 60), download(2, 0, 100)), model="model-x", size_bytes=100, parts=2), FAILED)
    must_say(one_download(tell(download(1, 0, 60), download(2, 70, 30)), model="model-x", size_bytes=100, parts=2), FAILED)
    must_say(one_download(tell(download(1, 0, 60), download(2, 50, 40)), model="model-x", size_bytes=100, parts=2), FAILED)


def test_unfinished_download_is_inconclusive() -> None:
    """No download, or one without an end, gives no verdict."""
    must_say(one_download(tell(), model="model-x", size_bytes=100), INCONCLUSIVE)
    must_say(one_download(tell(download(1, 0, None)), model="model-x", size_bytes=100), INCONCLUSIVE)
