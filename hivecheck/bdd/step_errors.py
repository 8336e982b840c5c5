"""Errors of behave and of steps: which of them a person can correct, and the text of each. Knows behave; runs nothing."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from types import FrameType

from behave.exception import ClassNotFoundError, ConfigError, FileNotFoundError, InvalidFileLocationError, InvalidFilenameError
from behave.matchers import Match
from behave.parser import ParserError
from behave.step_registry import AmbiguousStep

from hivecheck.errors import HivecheckError, Reason, UsageError, reason_of

# A person can correct these: wrong options, features and step files that do not load. There is no verdict, and no crash either.
SETUP_ERRORS = (
    UsageError,
    ParserError,
    ConfigError,
    AmbiguousStep,
    FileNotFoundError,
    InvalidFileLocationError,
    InvalidFilenameError,
    ClassNotFoundError,
    ImportError,
    SyntaxError,
)


def words(error: BaseException | None) -> str:
    """The text of an error for a person: the message of our errors and of assertions, a traceback of any other."""
    if error is None:
        return "no error was recorded"
    if isinstance(error, (HivecheckError, AssertionError)) and str(error):
        return str(error)
    if isinstance(error, SETUP_ERRORS):
        return f"{error}"
    return "".join(traceback.format_exception(error))


def one_line(error: BaseException | None) -> str:
    """The error in a list of failures: place, expected and actual, or its first line."""
    text = str(error or "").strip()
    if not isinstance(error, (HivecheckError, AssertionError)) or not text:
        return f"{type(error).__name__}: {text}".splitlines()[0]
    lines = text.splitlines()
    actual = next((number for number, line in enumerate(lines[:3]) if line.startswith("actual:")), 0)
    return " ".join(lines[: actual + 1])


def reason_of_set_up(error: BaseException) -> Reason:
    """The reason code of an error before a scenario started: a person can correct it, or the set-up failed, or the harness has a defect."""
    if isinstance(error, SETUP_ERRORS):
        return Reason.USAGE_ERROR
    return Reason.SETUP_FAILED if isinstance(error, HivecheckError) else reason_of(error)


def never_leaving(step: Callable[..., object]) -> Callable[..., object]:
    """`sys.exit` in a step would end behave without clean-up and report. Here it becomes an error of the step."""

    @functools.wraps(step)
    def staying(*args: object, **kwargs: object) -> None:
        try:
            step(*args, **kwargs)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise RuntimeError(f"a step must not exit the process, but it raised {type(error).__name__}({error})") from error

    return staying


def is_in_step(frame: FrameType | None) -> bool:
    """Whether this frame runs below a step's own code."""
    while frame is not None:
        if frame.f_code is Match.run.__code__:
            return True
        frame = frame.f_back
    return False
