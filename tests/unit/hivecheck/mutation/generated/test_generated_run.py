"""A sample of generated mutants as a whole, without a stack: what is left to do, what is continued, and the reports."""

import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hivecheck.errors import MutantError
from hivecheck.mutation.generated import generated_run, line_record, operators
from hivecheck.mutation.generated.attempt import Attempt, Outcome
from hivecheck.mutation.generated.generated_run import Sample, State
from hivecheck.mutation.generated.line_record import LineRecord
from hivecheck.source_hash import source_hash

FILE = "services/worker/one.py"
SOURCE = "def f(a, b):\n    if a < b:\n        return a\n    return b + 1\n"
NO_TIME = 0.0


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Five mutants of one file, with a record of lines, and no time to try one."""
    (tmp_path / "services/worker").mkdir(parents=True)
    (tmp_path / FILE).write_text(SOURCE)
    reports = tmp_path / "reports"
    reports.mkdir()
    line_record.save(reports / line_record.FILE, LineRecord(source_hash(tmp_path / "services"), is_whole=True))
    return Sample(tmp_path, "5", 7, reports, minutes=NO_TIME)


def carry_out(sample: Sample) -> tuple[int, str]:
    out = io.StringIO()
    return generated_run.carry_out(sample, out), out.getvalue()


def names(sample: Sample) -> list[str]:
    return [edit.name for edit in generated_run.chosen(sample, operators.of_text(FILE, SOURCE), {FILE: SOURCE})]


def keep_state(sample: Sample, outcome: Outcome, seed: str = "7") -> None:
    own = [source_hash(sample.root / "services"), sample.wanted, seed, sample.since or "", str(sample.scenarios)]
    sample.folder.mkdir(parents=True)
    state = State(own, {name: Attempt(name, outcome) for name in names(sample)})
    (sample.folder / "state.json").write_bytes(msgspec.json.encode(state))


def test_no_time(sample: Sample) -> None:
    """A mutant for which there was no time has no verdict, and the report says how to continue."""
    code, output = carry_out(sample)
    assert code == 2
    assert "5 not tried" in output
    assert "the same command continues" in output


def test_continues(sample: Sample) -> None:
    """The attempts of an earlier run of the same sample count. A finished sample starts again the next time."""
    keep_state(sample, Outcome.KILLED)
    code, output = carry_out(sample)
    assert (code, "5 of 5 killed" in output) == (0, True)
    written = json.loads((sample.folder / "generated.json").read_text())
    assert [one["outcome"] for one in written["mutants"]] == ["killed"] * 5
    assert not (sample.folder / "state.json").exists()


def test_continues_the_same_sample_only(sample: Sample) -> None:
    """Attempts of another seed do not count."""
    keep_state(sample, Outcome.KILLED, seed="8")
    assert carry_out(sample)[0] == 2


def test_listed_survivor(sample: Sample) -> None:
    """A survivor fails the run, unless a list has it with a reason."""
    one = replace(sample, wanted=names(sample)[0])
    keep_state(one, Outcome.SURVIVED)
    code, output = carry_out(one)
    assert (code, "SURVIVED" in output) == (1, True)
    entry = json.loads((sample.folder / "generated.json").read_text())["mutants"][0]
    fields = "".join(f"{name} = '''{entry[name]}'''\n" for name in ("file", "function", "operator", "before", "after"))
    (sample.root / "mutants").mkdir()
    (sample.root / "mutants/outside.toml").write_text(f"[[mutant]]\n{fields}reason = 'no requirement names it'\n")
    (sample.folder / "state.json").unlink(missing_ok=True)
    sample.folder.rename(sample.report_dir / "earlier")
    keep_state(one, Outcome.SURVIVED)
    assert carry_out(one)[0] == 0


def test_unknown_name(sample: Sample) -> None:
    """A name that no mutant has is refused."""
    with pytest.raises(MutantError, match="worker-one-12345678"):
        carry_out(replace(sample, wanted="worker-one-12345678"))


def test_nothing_changed(sample: Sample) -> None:
    """Without a changed line of the services there is nothing to do, and a changed line has its own mutants only."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    for words in (["init", "--quiet"], ["add", "services"], ["commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", "-C", str(sample.root), *identity, *words], check=True, capture_output=True)
    assert carry_out(replace(sample, since="HEAD")) == (0, f"{generated_run.NOTHING}\n")
    (sample.root / FILE).write_text(SOURCE.replace("+ 1", "+ 2"))
    line_record.save(sample.report_dir / line_record.FILE, LineRecord(source_hash(sample.root / "services"), is_whole=True))
    code, _ = carry_out(replace(sample, since="HEAD"))
    written = json.loads((sample.folder / "generated.json").read_text())
    assert (code, {one["line"] for one in written["mutants"]}) == (2, {4})
