"""Check: bounded labels."""

from __future__ import annotations

from measurements import noted, series
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, refused, tell

from hivecheck.checks.observability.bounded_labels import bounded_labels
from hivecheck.history import History
from hivecheck.verdict import Verdict

MADE_UP = refused(1, status=404, model="model-made-up-7")
KNOWN = series("requests", 1, model="model-a")


def judged(history: History) -> Verdict:
    return bounded_labels(history, models=["model-a"])


def test_known_models_and_one_name_for_all_others_pass() -> None:
    after = noted({"orchestrator": [KNOWN, series("requests", 40, model="(unknown)")]})
    must_say(judged(tell(MADE_UP, noted({}), after)), PASSED, "1 made-up names")


def test_a_made_up_name_in_a_label_fails() -> None:
    after = noted({"orchestrator": [series("sessions", 1, key="session-model-made-up-7")]})
    must_say(judged(tell(MADE_UP, noted({}), after)), FAILED, "1 series", "sessions")


def test_a_request_id_in_a_label_fails() -> None:
    must_say(judged(tell(MADE_UP, noted({}), noted({"worker-1": [series("requests", 1, id="r1")]}))), FAILED, "worker-1")


def test_more_names_than_there_are_models_fail() -> None:
    after = noted({"orchestrator": [series("requests", 1, model=name) for name in ("hash-1", "hash-2")]})
    must_say(judged(tell(MADE_UP, noted({}), after)), FAILED, "['hash-1', 'hash-2']")


def test_without_made_up_names_or_two_notes_it_is_inconclusive() -> None:
    must_say(judged(tell(MADE_UP, noted({}))), INCONCLUSIVE)
    must_say(judged(tell(refused(1, model="model-a"), noted({}), noted({}))), INCONCLUSIVE, "0 made-up names")
