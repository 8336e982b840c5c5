"""The settings of a run: one frozen Settings, and the only reader of the environment. Defaults < HIVECHECK_* < -D and flags."""

from __future__ import annotations

import difflib
import math
import random
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hivecheck.errors import SettingError

ENVIRONMENT_PREFIX = "HIVECHECK_"
DURATIONS_FILE = "durations.json"  # below the report folder, unless the setting `durations` names another file
KEPT_FOLDER = "kept"  # below the report folder: one file for each stack that is kept up
PROJECT_ROOT = Path(__file__).resolve().parent.parent
SETTING_NEEDED = "a known setting"
BOOL_NEEDED = "true or false"
WHOLE_NUMBER_NEEDED = "a whole number, 0 or more"
NUMBER_NEEDED = "a number, 0 or more"
PARTS_LIMIT = 999
PART_NEEDED = f"a part of the plan, such as 2/5: its number, from 1 to the number of parts, which is at most {PARTS_LIMIT}"
OLD_NAMES = {"keep": "keep_failed", "plan": "fault_plan"}  # of the last release: accepted until the next one


def _setting(default: object, sentence: str) -> Any:
    return field(default=default, metadata={"sentence": sentence})


@dataclass(frozen=True)
class Part:
    """One of the `count` parts of a plan. `1/1` is the whole plan."""

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True)
class Settings:
    """Every setting of a run; each is also `HIVECHECK_<NAME>` in the environment and `-D name=value`."""

    platform: str = _setting("", "Where nodes run: docker or process; empty: docker if a daemon answers (in CI it must), else process.")
    target: str = _setting("reference", "The gateway under test: reference, a name in hivecheck/targets/, or a TOML file.")
    seed: int = _setting(0, "Decides scenario order and every random choice; 0 draws a seed and prints it.")
    jobs: int = _setting(0, "How many stacks run side by side; 0: two for each core, as memory allows; 1: one scenario after the other.")
    quiet: bool = _setting(False, "Print no line for a scenario that passed.")
    keep_failed: bool = _setting(False, "Keep the stack of the first scenario that does not pass, and print how to look at it.")
    report_dir: Path = _setting(Path("reports"), "Where reports, logs and evidence go.")
    durations: str = _setting("", "The file with the durations of earlier runs; empty: durations.json in the report folder.")
    runs_kept: int = _setting(
        10, "How many runs stay in report_dir, and as many more with evidence of a scenario that did not pass; 0: all of them."
    )
    timeout_scale: float = _setting(1.0, "Stretches every time budget, for slow machines.")
    random_faults: int = _setting(3, "The number of faults that a scenario of random faults draws by the seed.")
    fault_plan: str = _setting("", "A plan.json of an earlier run; a scenario of random faults injects its faults instead of drawing some.")
    topology: str = _setting("", "The topology of every selected scenario that needs a stack; empty: the one that its tags name.")
    soak_minutes: float = _setting(0.5, "How long the load of a soak lasts.")
    soak_rate: float = _setting(20.0, "The requests per second of a soak.")
    soak_faults: int = _setting(2, "The number of faults that a soak draws by the seed.")
    split: Part = _setting(Part(), "The part of the plan that this machine runs: 2/5 is the second of five, 1/1 the whole plan.")
    rerun_failed: str = _setting("", "A result.json of an earlier run; the plan is what did not pass there.")
    allow_flaky: bool = _setting(False, "A scenario that passes only at its rerun is listed and does not fail the run.")
    known_failures: Path = _setting(
        Path("known_failures.toml"), "The failures that are known, each with its reason, link and last day; a missing file lists none."
    )
    scenario_seconds: float = _setting(0.0, "Overrides the time budget of a scenario; 0 keeps the named one.")
    services_root: Path = _setting(PROJECT_ROOT, "The folder that holds the `services` package to run.")
    expected_unsupported: Path = _setting(
        PROJECT_ROOT / "hivecheck" / "expected_unsupported.toml",
        "The scenarios that each platform is known not to support. Any other unsupported scenario makes a run inconclusive.",
    )
    base_image: str = _setting(
        "", "The image to build the services' image on, e.g. of a mirror; empty: the official one, or one made here."
    )
    cache_dir: Path = _setting(Path("~/.cache/hivecheck"), "Where wheels for images are kept; below XDG_CACHE_HOME if that is set.")
    ci: bool = _setting(False, "Plain output, one line a scenario; also set by CI=true.")

    @property
    def durations_path(self) -> Path:
        """Where the durations of earlier runs are."""
        return Path(self.durations) if self.durations else self.report_dir / DURATIONS_FILE

    @classmethod
    def load(cls, environ: Mapping[str, str], given: Mapping[str, str]) -> Settings:
        """Settings from the environment, overridden by `given` (flags and -D). Raises SettingError for a bad name or value.

        A name of the last release counts as that of today, with a notice on standard error.
        """
        values: dict[str, object] = {}
        if environ.get("CI", "").lower() in {"true", "1"}:
            values["ci"] = True
        from_environment = {
            name.removeprefix(ENVIRONMENT_PREFIX).lower(): text for name, text in environ.items() if name.startswith(ENVIRONMENT_PREFIX)
        }
        for source, pairs in (("environment HIVECHECK_", from_environment), ("-D ", given)):
            for name, text in _of_today(source, pairs).items():
                values[name] = _parse(source, name, text)
        if not values.get("seed"):
            values["seed"] = random.SystemRandom().randrange(1, 1_000_000)
        values.setdefault("report_dir", cls.report_dir.resolve())  # nodes have working directories of their own
        cache_home = environ.get("XDG_CACHE_HOME")
        values.setdefault("cache_dir", Path(cache_home) / "hivecheck" if cache_home else cls.cache_dir.expanduser())
        return cls(**values)  # type: ignore[arg-type]


def names() -> dict[str, str]:
    """Setting name -> its sentence."""
    return {setting.name: setting.metadata["sentence"] for setting in fields(Settings)}


def renamed(old: str, new: str) -> str:
    """The notice for a name of the last release."""
    return f"{old} is now {new}; the old name works until the next release"


def _of_today(source: str, pairs: Mapping[str, str]) -> dict[str, str]:
    """The same settings without old names. Where both names are given, the new one counts."""
    old = {name: text for name, text in pairs.items() if name in OLD_NAMES}
    for name in old:
        sys.stderr.write(renamed(f"`{source}{name}`", f"`{source}{OLD_NAMES[name]}`") + "\n")
    return {OLD_NAMES[name]: text for name, text in old.items()} | {name: text for name, text in pairs.items() if name not in old}


def _parse(source: str, name: str, text: str) -> object:
    kinds: dict[str, Any] = {setting.name: type(setting.default) for setting in fields(Settings)}
    if name not in kinds:
        near = difflib.get_close_matches(name, kinds, n=1)
        raise _refusal(source, name, text, SETTING_NEEDED, f"did you mean {near[0]}?" if near else f"use one of {', '.join(kinds)}")
    kind = kinds[name]
    if kind is bool:
        if text.lower() not in {"true", "false", "1", "0", "yes", "no"}:
            raise _refusal(source, name, text, BOOL_NEEDED, "correct the value")
        return text.lower() in {"true", "1", "yes"}
    if kind is Part:
        return _part(source, name, text)
    if issubclass(kind, Path):
        return Path(text).resolve()
    try:
        value = kind(text)
        if kind is str or 0 <= value < math.inf:
            return value
    except ValueError:
        pass
    raise _refusal(source, name, text, WHOLE_NUMBER_NEEDED if kind is int else NUMBER_NEEDED, "correct the value")


def _part(source: str, name: str, text: str) -> Part:
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    part = Part(int(found[1]), int(found[2])) if found else Part(0, 0)
    if not 1 <= part.number <= part.count <= PARTS_LIMIT:
        raise _refusal(source, name, text, PART_NEEDED, "correct the value")
    return part


def _refusal(source: str, name: str, text: str, expected: str, next_step: str) -> SettingError:
    return SettingError(f"expected: {expected}\nactual: {source}{name}={text}\nnext: {next_step}")
