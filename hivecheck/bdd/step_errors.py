"""Errors as behave and its steps raise them: which of them are a person's, and each in words. Knows behave; runs nothing."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from types import FrameType

from behave.exception import ClassNotFoundError, ConfigError, FileNotFoundError, InvalidFileLocationError, InvalidFilenameError
from behave.matchers import Match
from behave.parser import ParserError
from behave.step_registry import AmbiguousStep

from hivecheck.errors import HivecheckError, UsageError

# What a person did wrong, or a feature or step file that cannot be used: there is no verdict, and nobody crashed.
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
    """An error for a person: our own and assertions by their message, anything else with its traceback."""
    if error is None:
        return "no error was recorded"
    if isinstance(error, (HivecheckError, AssertionError)) and str(error):
        return str(error)
    if isinstance(error, SETUP_ERRORS):
        return f"{error}"
    return "".join(traceback.format_exception(error))


def one_line(error: BaseException | None) -> str:
    """What a list of failures shows: wanted and got, or the first line of what went wrong."""
    text = str(error or "").strip()
    if not isinstance(error, (HivecheckError, AssertionError)) or not text:
        return f"{type(error).__name__}: {text}".splitlines()[0]
    first, *others = text.splitlines()
    return f"{first} {others[0]}" if others and others[0].startswith("got:") else first


def never_leaving(step: Callable[..., object]) -> Callable[..., object]:
    """`sys.exit` in a step would end behave without clean-up or report: it becomes an error of the step."""

    @functools.wraps(step)
    def staying(*args: object, **kwargs: object) -> None:
        try:
            step(*args, **kwargs)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise RuntimeError(f"a step must not end the process, but it raised {type(error).__name__}({error})") from error

    return staying


def is_in_step(frame: FrameType | None) -> bool:
    """Whether this frame runs below a step's own code."""
    while frame is not None:
        if frame.f_code is Match.run.__code__:
            return True
        frame = frame.f_back
    return False
