"""Check: bounded labels."""

from __future__ import annotations

from measurements import noted, series
from stories import FAILED, INCONCLUSIVE, PASSED, must_have_no_room, must_say, refused, tell

from hivecheck.checks.observability.bounded_labels import bounded_labels
from hivecheck.history import History
from hivecheck.verdict import Verdict

INVENTED = refused(1, status=404, model="model-invented-7")
KNOWN = series("requests", 1, model="model-a")


def judged(history: History) -> Verdict:
    return bounded_labels(history, models=["model-a"])


def test_one_placeholder_passes() -> None:
    """Known models and one label value for all others pass."""
    after = noted({"orchestrator": [KNOWN, series("requests", 40, model="(unknown)")]})
    must_say(judged(tell(INVENTED, noted({}), after)), PASSED, "1 invented model,")


def test_invented_name_fails() -> None:
    """An invented name in a label fails."""
    after = noted({"orchestrator": [series("sessions", 1, key="session-model-invented-7")]})
    must_say(judged(tell(INVENTED, noted({}), after)), FAILED, "1 series", "sessions")


def test_request_id_fails() -> None:
    """A request id in a label fails."""
    must_say(judged(tell(INVENTED, noted({}), noted({"worker-1": [series("requests", 1, id="r1")]}))), FAILED, "worker-1")


def test_many_placeholders_fail() -> None:
    """A label value for each unknown model fails."""
    after = noted({"orchestrator": [series("requests", 1, model=name) for name in ("hash-1", "hash-2")]})
    must_say(judged(tell(INVENTED, noted({}), after)), FAILED, "hash-1 and hash-2")


def test_too_little_data_is_inconclusive() -> None:
    """Fewer than two notes give no verdict."""
    must_say(judged(tell(INVENTED, noted({}))), INCONCLUSIVE)


def test_labels_no_room() -> None:
    """Without an invented name, none can become a label."""
    must_have_no_room(judged(tell(refused(1, model="model-a"), noted({}), noted({}))), "every requested model exists")
