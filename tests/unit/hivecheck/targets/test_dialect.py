"""The dialect of a target: its own words replace those of the reference, and what the standards say stays."""

from hivecheck.checks.answers.batch_outcome import batch_outcome
from hivecheck.checks.answers.refusal import refusal
from hivecheck.checks.streams.broken_stream import broke_off, broken_stream
from hivecheck.history import History, Operation, Token
from hivecheck.targets.dialect import Dialect
from hivecheck.verdict import Answer

ERROR = {"message": "Incorrect API key provided.", "type": "invalid_request_error", "param": None, "code": None}


def refused(status: int, error: object = ERROR, **header: str) -> History:
    history = History()
    headers = tuple((name.replace("_", "-"), value) for name, value in ({"content_type": "application/json"} | header).items())
    body = {"error": error}
    history.record(Operation("a-1", "/v1/chat/completions", "model-a", False, 0.0, status=status, headers=headers, ended_at=0.1, body=body))
    return history


def judged(history: History, dialect: Dialect, status: int = 401) -> Answer:
    limits = dialect.allowances()["refusal"]
    return refusal(history, status=status, code="invalid_api_key", **limits).answer


def test_words_of_its_own_pass() -> None:
    """Another code and another request id are right for a dialect, and wrong for the reference."""
    history = refused(401, x_request_id="req_1")
    assert judged(history, Dialect()) is Answer.PASSED
    assert refusal(history, status=401, code="invalid_api_key").answer is Answer.FAILED


def test_status_stays() -> None:
    """A status with a meaning of its own and the class of any other status hold for each dialect."""
    assert judged(refused(500, x_request_id="req_1"), Dialect()) is Answer.FAILED
    assert judged(refused(403, x_request_id="req_1"), Dialect()) is Answer.FAILED
    assert judged(refused(422, x_request_id="req_1"), Dialect(), status=400) is Answer.PASSED
    assert judged(refused(404, x_request_id="req_1"), Dialect(), status=400) is Answer.FAILED


def test_error_object_stays() -> None:
    """Each field of OpenAI's error object is demanded from each dialect."""
    for field in ERROR:
        less = {name: value for name, value in ERROR.items() if name != field}
        assert judged(refused(401, less, x_request_id="req_1"), Dialect()) is Answer.FAILED, field
    assert judged(refused(401, "wrong key", x_request_id="req_1"), Dialect()) is Answer.FAILED


def test_declared_words_are_demanded() -> None:
    """A declared code, and a declared header for the request id, are judged."""
    declared = Dialect(codes={"invalid_api_key": "bad_key"}, request_id="X-Trace")
    assert judged(refused(401, {**ERROR, "code": "bad_key"}, x_trace="1"), declared) is Answer.PASSED
    assert judged(refused(401, x_trace="1"), declared) is Answer.FAILED
    assert judged(refused(401, {**ERROR, "code": "bad_key"}, x_request_id="1"), declared) is Answer.FAILED
    assert judged(refused(401), Dialect()) is Answer.FAILED


def test_param_is_none_or_the_field() -> None:
    """A dialect may name no parameter, or another depth of the same field, and no other field."""
    for param, expected in ((None, Answer.PASSED), ("messages", Answer.PASSED), ("model", Answer.FAILED)):
        history = refused(400, {**ERROR, "param": param}, x_request_id="req_1")
        limits = Dialect().allowances()["refusal"]
        assert refusal(history, status=400, code="invalid_request", param="messages[0].role", **limits).answer is expected


def test_break_is_an_event_or_a_cut() -> None:
    """A cut body or an error event shows a break, and a clean end without either does not."""
    for error, event, expected in (
        ("connection closed", None, Answer.PASSED),
        (None, ERROR, Answer.PASSED),
        (None, None, Answer.FAILED),
    ):
        history = History()
        token = (Token(0.1, "t0"),)
        broken = Operation("a-1", "/v1/chat/completions", "model-a", True, 0.0, status=200, tokens=token, headers_at=0.1, ended_at=0.2)
        history.record(Operation(**{**vars(broken), "error": error, "stream_error": event}))
        limits = Dialect().allowances()
        assert broken_stream(history, code="upstream_disconnected", **limits["broken_stream"]).answer is expected
        if expected is Answer.FAILED:
            assert broke_off(history, purpose="chat", seconds=1, code="upstream_disconnected", **limits["broke_off"]).answer is expected


def test_drain_by_refused_connections() -> None:
    """A draining gateway that refuses connections takes nothing new, if its dialect declares that."""
    history = History()
    history.record(Operation("a-1", "/v1/chat/completions", "model-a", False, 0.0, ended_at=0.1, error="connection refused"))
    for drains_by, expected in (("refuse", Answer.PASSED), ("503", Answer.FAILED)):
        limits = Dialect(drains_by=drains_by).allowances()["batch_outcome"]
        assert (
            batch_outcome(history, purpose="chat", answered=0, status=503, code="draining", hits=(0, 0), workers={}, **limits).answer
            is expected
        )
