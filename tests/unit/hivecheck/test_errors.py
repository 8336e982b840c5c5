"""The tree of errors."""

from __future__ import annotations

import inspect
import re

import pytest

from hivecheck import errors
from hivecheck.errors import Reason

BRANCH = re.compile(r"^(?P<stem>[│ ├└─]*)(?P<name>[A-Z]\w+)  +\S")
INDENT = 4


def drawn() -> dict[str, str]:
    """Error -> its parent, as the module's docstring draws them."""
    parents: dict[str, str] = {}
    above: list[str] = ["Exception"]
    for line in (errors.__doc__ or "").splitlines():
        if found := BRANCH.match(line):
            depth = len(found["stem"]) // INDENT + 1
            above[depth:] = [found["name"]]
            parents[found["name"]] = above[depth - 1]
    return parents


def defined() -> dict[str, str]:
    """Error -> its parent, as the classes are."""
    own = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    return {kind.__name__: kind.__base__.__name__ for kind in own}


def test_tree_is_complete() -> None:
    """The tree in the docstring has the classes of the module and their parents."""
    assert drawn() == defined()


def test_no_error_is_an_assertion() -> None:
    """An AssertionError comes from a judged system only, so no error of the harness is one."""
    assert not issubclass(errors.HivecheckError, AssertionError)
    assert all(issubclass(getattr(errors, name), errors.HivecheckError) for name in defined())


REASONS = {
    errors.HivecheckError: Reason.HARNESS_ERROR,
    errors.TagError: Reason.USAGE_ERROR,
    errors.PlatformError: Reason.SETUP_FAILED,
    errors.NodeDiedError: Reason.SETUP_FAILED,
    errors.ImageError: Reason.SETUP_FAILED,
    errors.HealError: Reason.NOT_REMOVED,
    errors.ConditionTimeoutError: Reason.TIMEOUT,
    errors.ScenarioTimeoutError: Reason.TIMEOUT,
    errors.InconclusiveError: Reason.TOO_LITTLE_DATA,
    errors.ClientError: Reason.CALL_FAILED,
    errors.ReportError: Reason.HARNESS_ERROR,
    errors.LeakError: Reason.LEAK,
    KeyboardInterrupt: Reason.INTERRUPTED,
    ZeroDivisionError: Reason.HARNESS_ERROR,
}


@pytest.mark.parametrize(("kind", "reason"), REASONS.items(), ids=lambda value: getattr(value, "__name__", str(value)))
def test_reason_of_class(kind: type[BaseException], reason: Reason) -> None:
    """Each error has the reason code of its class, and an unknown exception is a defect of the harness."""
    assert errors.reason_of(kind("x")) is reason


def test_reason_of_instance() -> None:
    """A raise with a narrower reason code keeps its message and its class's code stays."""
    error = errors.InconclusiveError("no effect", reason=Reason.NO_EFFECT)
    assert (str(error), errors.reason_of(error)) == ("no effect", Reason.NO_EFFECT)
    assert errors.InconclusiveError.reason is Reason.TOO_LITTLE_DATA
