"""The settings of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivecheck import settings
from hivecheck.errors import SettingError
from hivecheck.settings import Part, Settings


def test_defaults() -> None:
    """Without environment and options, the defaults hold."""
    actual = Settings.load({}, {})
    assert (actual.platform, actual.target, actual.timeout_scale, actual.keep_failed, actual.ci) == ("", "reference", 1.0, False, False)
    assert actual.report_dir == Path("reports").resolve()


def test_precedence() -> None:
    """The environment overrides defaults, and options override both."""
    environ = {"HIVECHECK_TIMEOUT_SCALE": "2", "HIVECHECK_PLATFORM": "docker", "OTHER": "x"}
    actual = Settings.load(environ, {"platform": "external"})
    assert (actual.timeout_scale, actual.platform) == (2.0, "external")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("YES", True), ("1", True), ("false", False), ("No", False), ("0", False)])
def test_yes_or_no(text: str, value: bool) -> None:
    """A yes or no has three spellings."""
    assert Settings.load({}, {"keep_failed": text}).keep_failed is value


@pytest.mark.parametrize(("environ", "is_ci"), [({"CI": "true"}, True), ({"CI": "1"}, True), ({"CI": ""}, False), ({"CI": "false"}, False)])
def test_ci_variable(environ: dict[str, str], is_ci: bool) -> None:
    """The usual variable CI sets the setting ci."""
    assert Settings.load(environ, {}).ci is is_ci


def test_own_ci_variable() -> None:
    """HIVECHECK_CI overrides CI."""
    assert Settings.load({"CI": "true", "HIVECHECK_CI": "false"}, {}).ci is False


def test_seed() -> None:
    """A seed is drawn only if none is given."""
    assert Settings.load({}, {"seed": "7"}).seed == 7
    assert Settings.load({}, {}).seed > 0
    assert Settings.load({}, {"seed": "0"}).seed > 0


def test_absolute_folders() -> None:
    """Folders are made absolute."""
    assert Settings.load({}, {"report_dir": "here"}).report_dir == Path("here").resolve()


@pytest.mark.parametrize(
    ("environ", "given", "message"),
    [
        ({}, {"platfrom": "x"}, f"expected: {settings.SETTING_NEEDED}\nactual: -D platfrom=x\nnext: did you mean platform?"),
        ({"HIVECHECK_SED": "7"}, {}, "actual: environment HIVECHECK_sed=7\nnext: did you mean seed?"),
        ({}, {"zzz": "x"}, "actual: -D zzz=x\nnext: use one of platform, target, "),
        ({}, {"seed": "seven"}, f"expected: {settings.WHOLE_NUMBER_NEEDED}\nactual: -D seed=seven\n"),
        ({}, {"seed": "1.5"}, f"expected: {settings.WHOLE_NUMBER_NEEDED}\nactual: -D seed=1.5\n"),
        ({}, {"seed": "-1"}, f"expected: {settings.WHOLE_NUMBER_NEEDED}\nactual: -D seed=-1\n"),
        ({}, {"timeout_scale": "fast"}, f"expected: {settings.NUMBER_NEEDED}\nactual: -D timeout_scale=fast\n"),
        ({}, {"timeout_scale": "nan"}, f"expected: {settings.NUMBER_NEEDED}\nactual: -D timeout_scale=nan\n"),
        ({}, {"scenario_seconds": "inf"}, f"expected: {settings.NUMBER_NEEDED}\nactual: -D scenario_seconds=inf\n"),
        ({}, {"keep_failed": "maybe"}, f"expected: {settings.BOOL_NEEDED}\nactual: -D keep_failed=maybe\n"),
    ],
)
def test_wrong_name_or_value(environ: dict[str, str], given: dict[str, str], message: str) -> None:
    """A wrong name or value is refused with the accepted form."""
    with pytest.raises(SettingError) as caught:
        Settings.load(environ, given)
    assert message in str(caught.value)


def test_descriptions() -> None:
    """Each setting has a description in sentences."""
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in settings.names().values())


@pytest.mark.parametrize(
    ("environ", "given", "notice"),
    [
        ({"HIVECHECK_KEEP": "true", "HIVECHECK_PLAN": "p.json"}, {}, "`environment HIVECHECK_keep` is now"),
        ({}, {"keep": "true", "plan": "p.json"}, "`-D keep` is now `-D keep_failed`; the old name works until the next release"),
    ],
)
def test_old_names_work(environ: dict[str, str], given: dict[str, str], notice: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A setting under its name of the last release counts, with one line of notice on standard error."""
    actual = Settings.load(environ, given)
    assert (actual.keep_failed, actual.fault_plan) == (True, "p.json")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and notice in lines[0]


def test_new_name_overrides_old(capsys: pytest.CaptureFixture[str]) -> None:
    """Where both names of a setting are given, the new one counts."""
    assert Settings.load({}, {"fault_plan": "new.json", "plan": "old.json"}).fault_plan == "new.json"


def test_part() -> None:
    """Option and environment give the part of the plan. The default is the whole plan."""
    assert Settings.load({}, {"split": "2/5"}).split == Settings.load({"HIVECHECK_SPLIT": "2/5"}, {}).split == Part(2, 5)
    assert str(Settings.load({}, {}).split) == "1/1"


@pytest.mark.parametrize("text", ["0/5", "6/5", "2", "2/", "/1", "", "a/b", "-1/5", "1/5/5", "2 / 5", "1/1000", "1/0", "1/99999999999"])
def test_wrong_part(text: str) -> None:
    """A part that no plan has is refused with expected, actual and next."""
    with pytest.raises(SettingError) as refusal:
        Settings.load({}, {"split": text})
    assert str(refusal.value) == f"expected: {settings.PART_NEEDED}\nactual: -D split={text}\nnext: correct the value"
