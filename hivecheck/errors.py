"""Every error hivecheck raises. `AssertionError` is not here on purpose: it alone means the system under test is wrong.

HivecheckError                 we could not find out: the verdict is inconclusive, never failed, never passed
├── UsageError                 the person asked for something that cannot be: a bad option, an unknown name
│   ├── SettingError           an environment variable or a -D value is wrong
│   ├── TopologyError          a topology file is wrong
│   ├── TagError               a feature carries a tag that is not in the registry of tags
│   ├── FeatureError           a feature or the selection of scenarios would let a run pass without proof
│   ├── MutantError            a mutant file is wrong or does not match the source
│   └── TargetError            a target file is wrong, or its gateway is not here
├── PlatformError              where nodes are to run there is nobody, or nobody we can work with
├── SetupError                 a stack could not be brought up
│   └── NodeDiedError          a node ended before it was ready
├── ImageError                 an image to run services in could not be built
├── HealError                  a stack could not be brought back to its baseline
├── ConditionTimeoutError           a condition that had to hold for the test to go on did not come true in time
├── InconclusiveError          a check lacked the facts to judge
├── ClientError                a control-plane call of ours was refused or gave nonsense
├── ScenarioTimeoutError            a scenario ran longer than its time budget
├── ReportError                a report could not be written or does not agree with the plan
└── LeakError                  something of ours was left behind
"""

from __future__ import annotations


class HivecheckError(Exception):
    """We could not find out. The message says what was expected, what came and what to do next."""


class UsageError(HivecheckError):
    """The person asked for something that cannot be."""


class SettingError(UsageError):
    """A setting is wrong."""


class TopologyError(UsageError):
    """A topology file is wrong."""


class TagError(UsageError):
    """A tag is not in the registry of tags."""


class FeatureError(UsageError):
    """A feature or the selection of scenarios would let a run pass without proof."""


class MutantError(UsageError):
    """A mutant file is wrong or does not match the source."""


class TargetError(UsageError):
    """A target file is wrong, or its gateway is not here."""


class PlatformError(HivecheckError):
    """Where nodes are to run there is nobody, or nobody we can work with."""


class SetupError(HivecheckError):
    """A stack could not be brought up."""


class NodeDiedError(SetupError):
    """A node ended before it was ready."""


class ImageError(HivecheckError):
    """An image to run services in could not be built."""


class HealError(HivecheckError):
    """A stack could not be brought back to its baseline."""


class ConditionTimeoutError(HivecheckError):
    """A condition that had to hold did not come true in time."""


class InconclusiveError(HivecheckError):
    """A check lacked the facts to judge."""


class ClientError(HivecheckError):
    """A control-plane call was refused or gave nonsense."""


class ScenarioTimeoutError(HivecheckError):
    """A scenario ran longer than its time budget."""


class ReportError(HivecheckError):
    """A report could not be written or does not agree with the plan."""


class LeakError(HivecheckError):
    """Something of ours was left behind."""
