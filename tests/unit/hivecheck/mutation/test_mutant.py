"""A mutant is planted in its file, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivecheck.errors import MutantError
from hivecheck.mutation.mutant import load, load_all, plant
from hivecheck.source_hash import source_hash

ROOT = Path(__file__).parents[4]
SOUND = """
what = "It counts backwards."
file = "services/counter.py"
before = "count += 1"
after = "count -= 1"
requirements = ["SVC-015"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "counter.py").write_text("count = 0\ncount += 1\n", encoding="utf-8")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "backwards.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_plant(project: Path) -> None:
    """Planting changes the copy and its hash, and leaves the source as it is."""
    mutant = load(written(project, SOUND))
    before = source_hash(project / "services")
    planted = plant(mutant, project, project / "overlay")
    assert (project / "overlay" / "services" / "counter.py").read_text(encoding="utf-8") == "count = 0\ncount -= 1\n"
    assert planted == source_hash(project / "overlay" / "services") != before
    assert source_hash(project / "services") == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('before = "count += 1"', 'before = "count"'), "exactly once in services/counter.py, actual count: 2"),
        (('before = "count += 1"', 'before = "nowhere"'), "actual count: 0"),
        (('file = "services/counter.py"', 'file = "services/other.py"'), "no file services/other.py"),
        (('after = "count -= 1"', 'after = "count -="'), "is not valid Python"),
    ],
)
def test_mutant_does_not_fit(project: Path, change: tuple[str, str], reason: str) -> None:
    """A mutant that does not fit its source is refused."""
    mutant = load(written(project, SOUND.replace(*change)))
    with pytest.raises(MutantError, match=reason):
        plant(mutant, project, project / "overlay")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('["SVC-015"]', '["SVC-999"]'), "no requirement SVC-999"),
        (('["SVC-015"]', "[]"), "at least one requirement"),
        (("what =", "why ="), "accepted: what, file, before, after, requirements"),
        (('after = "count -= 1"', "after = count"), "accepted: what"),
    ],
)
def test_malformed_mutant(project: Path, change: tuple[str, str], reason: str) -> None:
    """A malformed mutant file is refused."""
    with pytest.raises(MutantError, match=reason):
        load(written(project, SOUND.replace(*change)))


@pytest.mark.parametrize("path", sorted((ROOT / "mutants").glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_shipped_mutants(path: Path, tmp_path: Path) -> None:
    """Each shipped mutant fits the services."""
    mutant = load(path)
    assert mutant.what.endswith("."), "the description of a mutant is a sentence"
    plant(mutant, ROOT, tmp_path)


def test_mutant_is_named_by_folder_and_file(project: Path) -> None:
    """The name of a mutant is its service's folder and its file name."""
    folder = project / "mutants" / "counter"
    folder.mkdir(parents=True)
    written(folder, SOUND)
    assert list(load_all(project / "mutants")) == ["counter/backwards"]


def test_mutant_outside_a_folder_is_refused(project: Path) -> None:
    """A mutant that lies directly in mutants/ would be skipped, so it is an error."""
    written(project, SOUND)
    with pytest.raises(MutantError, match=r"actual: backwards\.toml"):
        load_all(project)
