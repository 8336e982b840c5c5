"""The facts of one load request."""

from __future__ import annotations

import math

from hivecheck.protocol.sample import NO_USAGE, Outcome, Sample


def test_new_sample_is_no_success() -> None:
    """A sample that nothing filled has no moments, no tokens and no success."""
    sample = Sample(7, 1.5)
    assert (sample.number, sample.intended_at, sample.status, sample.completion_tokens) == (7, 1.5, 0, NO_USAGE)
    assert all(math.isnan(at) for at in (sample.sent_at, sample.headers_at, sample.first_token_at, sample.last_token_at, sample.ended_at))
    assert (len(sample.token_times), sample.chunks, sample.outcome is Outcome.COMPLETE) == (0, 0, False)
