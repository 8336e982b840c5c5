"""The mutants that a change touches, with a real git."""

import shutil
import subprocess
from pathlib import Path

import pytest

from hivecheck.errors import MutantError
from hivecheck.mutation import affected
from hivecheck.mutation.mutant import Mutant

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


def mutant(name: str, file: str, *requirements: str) -> Mutant:
    return Mutant(name, "it is broken", file, "a", "b", requirements)


MUTANTS = {
    one.name: one
    for one in (
        mutant("body/deaf", "services/ear.py", "SVC-001"),
        mutant("body/mute", "services/mouth.py", "SVC-002"),
        mutant("body/blind", "services/eye.py", "SVC-003"),
        mutant("body/numb", "services/skin.py", "SVC-001", "SVC-003"),
    )
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project below the top of its repository, with one commit."""
    root = tmp_path / "project"
    for folder in ("services", "features", "mutants/body"):
        (root / folder).mkdir(parents=True)
    for one in MUTANTS.values():
        (root / one.file).write_text("a")
        (root / f"mutants/{one.name}.toml").write_text("")
    (root / "features/one.feature").write_text("@SVC-001\n@SVC-002 @P0\n")
    (tmp_path / "elsewhere").write_text("")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return root


def git(where: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    subprocess.run(["git", "-C", str(where), *identity, *arguments], check=True, capture_output=True)


def commit(where: Path) -> None:
    git(where, "add", "-A", ".")
    git(where, "commit", "--quiet", "-m", "more")


def names(root: Path, since: str, sample: int = 0, at_most: int | None = None, seed: int = 1) -> list[str]:
    return affected.Change(root, since, seed).mutants(MUTANTS, sample, at_most).names


@pytest.mark.parametrize(
    ("file", "touched"),
    [
        ("services/ear.py", {"body/deaf"}),
        ("mutants/body/blind.toml", {"body/blind"}),
        ("features/one.feature", {"body/deaf", "body/mute", "body/numb"}),
        ("steps/any.py", set()),
    ],
)
def test_touched(root: Path, file: str, touched: set[str]) -> None:
    """A change of the mutant's file, of the mutated file, or of a feature of its requirements touches a mutant."""
    (root / file).parent.mkdir(exist_ok=True)
    with (root / file).open("a") as opened:
        opened.write("\n# changed")
    assert names(root, "HEAD") == sorted(touched)
    commit(root)
    assert names(root, "HEAD") == []
    assert names(root, "HEAD^") == sorted(touched)


def test_deleted_file(root: Path) -> None:
    """A deleted file touches its mutants, and a change outside the project touches none."""
    (root / "services/eye.py").unlink()
    (root.parent / "elsewhere").write_text("changed")
    assert names(root, "HEAD") == ["body/blind"]


def test_sample(root: Path) -> None:
    """One commit and seed draw one sample, up to all mutants."""
    (root / "services/ear.py").write_text("changed")
    drawn = names(root, "HEAD", 2)
    assert len(drawn) == 3 and "body/deaf" in drawn
    assert names(root, "HEAD", 2) == drawn
    assert names(root, "HEAD", 99) == sorted(MUTANTS)


def test_limit_draws_touched_first(root: Path) -> None:
    """With more touched mutants than the limit, the seed draws that many of them and no others."""
    (root / "features/one.feature").write_text("@SVC-001 @SVC-002 changed")
    drawn = affected.Change(root, "HEAD", 1).mutants(MUTANTS, 2, 2)
    assert len(drawn.names) == 2 and drawn.left_out == 1 and "body/blind" not in drawn.names
    assert "touches 3 mutants" in drawn.sentence()
    assert len({tuple(names(root, "HEAD", 2, 2, seed)) for seed in range(20)}) == 3


def test_limit_counts_the_sample(root: Path) -> None:
    """The limit holds for touched mutants and sample together."""
    (root / "services/ear.py").write_text("changed")
    assert len(names(root, "HEAD", 3, 2)) == 2


def test_unknown_commit(root: Path) -> None:
    """An unknown commit is refused."""
    with pytest.raises(MutantError, match="leave --since out"):
        names(root, "no-such-commit")


def test_no_repository(tmp_path: Path) -> None:
    """A folder without a repository is refused."""
    with pytest.raises(MutantError, match=affected.GIT_NEEDED):
        names(tmp_path, "HEAD")
