"""Every error hivecheck raises. `AssertionError` is absent on purpose: it alone means that the system under test is wrong.

`stack/start_watch.py` has the one assertion with a class of its own: the system under test failed at its start.

HivecheckError                 there is no verdict: the scenario is inconclusive, neither failed nor passed
├── UsageError                 the request of the person is invalid: a bad option, an unknown name
│   ├── SettingError           an environment variable or a -D value is wrong
│   ├── TopologyError          a topology file is wrong
│   ├── TagError               a feature has a tag that is not among the known tags
│   ├── FeatureError           a feature or the selection of scenarios would let a run pass without proof
│   ├── MutantError            a mutant file is wrong or does not match the source
│   └── TargetError            a target file is wrong, or its gateway is not installed
├── PlatformError              the platform for the nodes is missing or not usable
├── SetupError                 a stack did not start
│   ├── NodeDiedError          a node exited before it was ready
│   └── PreflightError         another gateway is not set up for the clients of hivecheck
├── ImageError                 the image of a service was not built
├── HealError                  a stack did not return to its baseline
├── ConditionTimeoutError      a precondition of the next step did not become true in time
├── InconclusiveError          a check lacked the facts for a verdict
├── NotSupportedError          the gateway has no such API, or the platform no such capability: the scenario is not supported
├── ClientError                a control-plane call of the harness was refused or had a malformed response
├── ScenarioTimeoutError       a scenario exceeded its time budget
├── ReportError                a report was not written or does not agree with the plan
└── LeakError                  the harness left something behind
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why there is no verdict. Reports and result.json carry the code, so a code never changes its meaning."""

    USAGE_ERROR = "usage_error"  # an option, a file or a step sequence is wrong
    SETUP_FAILED = "setup_failed"  # the platform, an image or the stack is missing or did not start
    FAILED_START = "failed_start"  # the system under test failed at its start, for an earlier scenario
    NO_EFFECT = "no_effect"  # the fault was injected, and its effect was not observed
    NOT_REMOVED = "not_removed"  # the stack did not return to its baseline
    TOO_LITTLE_DATA = "too_little_data"  # the history lacks the facts that the check needs
    NO_ROOM = "no_room"  # what the requirement forbids was not possible, so its absence proves nothing
    LOAD_OFF_SCHEDULE = "load_off_schedule"  # the load generator sent too late or too little
    TIMEOUT = "timeout"  # a precondition or the scenario exceeded its time budget
    CALL_FAILED = "call_failed"  # a control-plane call of the harness was refused or had a malformed response
    HARNESS_STALLED = "harness_stalled"  # the machine did not schedule the harness in time
    HARNESS_ERROR = "harness_error"  # the harness itself has a defect
    LEAK = "leak"  # the harness left something behind
    INTERRUPTED = "interrupted"  # a signal ended the run


class HivecheckError(Exception):
    """There is no verdict. The message states what was expected, what was observed and what to do next.

    Each class has a reason code. An instance can have a narrower one: `InconclusiveError("...", reason=Reason.NO_EFFECT)`.
    """

    reason = Reason.HARNESS_ERROR

    def __init__(self, *args: object, reason: Reason | None = None) -> None:
        super().__init__(*args)
        if reason is not None:
            self.reason = reason


def reason_of(error: BaseException | None) -> Reason:
    """The reason code of any exception that ended a scenario without a verdict."""
    if isinstance(error, HivecheckError):
        return error.reason
    return Reason.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Reason.HARNESS_ERROR


class UsageError(HivecheckError):
    """The request of the person is invalid: a bad option, an unknown name."""

    reason = Reason.USAGE_ERROR


class SettingError(UsageError):
    """An environment variable or a -D value is wrong."""


class TopologyError(UsageError):
    """A topology file is wrong."""


class TagError(UsageError):
    """A feature has a tag that is not among the known tags."""


class FeatureError(UsageError):
    """A feature or the selection of scenarios would let a run pass without proof."""


class MutantError(UsageError):
    """A mutant file is wrong or does not match the source."""


class TargetError(UsageError):
    """A target file is wrong, or its gateway is not installed."""


class PlatformError(HivecheckError):
    """The platform for the nodes is missing or not usable."""

    reason = Reason.SETUP_FAILED


class SetupError(HivecheckError):
    """A stack did not start."""

    reason = Reason.SETUP_FAILED


class NodeDiedError(SetupError):
    """A node exited before it was ready."""


class PreflightError(SetupError):
    """Another gateway is not set up for the clients of hivecheck."""


class ImageError(HivecheckError):
    """The image of a service was not built."""

    reason = Reason.SETUP_FAILED


class HealError(HivecheckError):
    """A stack did not return to its baseline."""

    reason = Reason.NOT_REMOVED


class ConditionTimeoutError(HivecheckError):
    """A precondition of the next step did not become true in time."""

    reason = Reason.TIMEOUT


class InconclusiveError(HivecheckError):
    """A check lacked the facts for a verdict."""

    reason = Reason.TOO_LITTLE_DATA


class NotSupportedError(HivecheckError):
    """The gateway has no such API, or the platform no such capability: the scenario is not supported."""

    reason = Reason.USAGE_ERROR


class ClientError(HivecheckError):
    """A control-plane call of the harness was refused or had a malformed response."""

    reason = Reason.CALL_FAILED


class ScenarioTimeoutError(HivecheckError):
    """A scenario exceeded its time budget."""

    reason = Reason.TIMEOUT


class ReportError(HivecheckError):
    """A report was not written or does not agree with the plan."""


class LeakError(HivecheckError):
    """The harness left something behind."""

    reason = Reason.LEAK
