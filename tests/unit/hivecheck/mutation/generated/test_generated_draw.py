"""The draw of generated mutants, and the lines that a change touches."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from hivecheck.errors import MutantError
from hivecheck.mutation.generated import draw
from hivecheck.mutation.generated.edit import Edit


def edit(number: int, family: str = "boundary", service: str = "worker") -> Edit:
    return Edit(
        f"services/{service}/one.py", "f", family, "operator", number, number, "", f"line {number}", "", (number, number + 1), number - 1
    )


MANY = [
    edit(n, family, service)
    for family, size in (("a", 3), ("b", 90))
    for service, share in (("x", 1), ("y", 2))
    for n in range(size * share)
]


def test_draw_is_stratified() -> None:
    """Families have equal parts until one is used up. Services have parts in proportion to their mutants."""
    found = draw.drawn(MANY, 60, 7, lambda _: True)
    assert Counter(one.family for one in found) == {"a": 9, "b": 51}
    services = Counter(one.service for one in found if one.family == "b")
    assert 15 <= services["x"] <= 19
    assert len(set(found)) == 60


def test_draw_depends_on_the_seed() -> None:
    """The same seed draws the same mutants, a larger count adds to them, and another seed draws others."""
    few, more = (draw.drawn(MANY, count, 7, lambda _: True) for count in (10, 30))
    assert more[:10] == few
    assert draw.drawn(MANY, 10, 7, lambda _: True) == few
    assert draw.drawn(MANY, 10, 8, lambda _: True) != few


def test_draw_leaves_out_what_is_no_mutant() -> None:
    """An edit that is no mutant is replaced by the next one of its stratum."""
    found = draw.drawn(MANY, 20, 7, lambda one: one.start % 2 == 0)
    assert len(found) == 20
    assert all(one.start % 2 == 0 for one in found)


@pytest.mark.parametrize(("line", "is_touched"), [(8, False), (9, True), (10, True), (11, True), (12, False)])
def test_touching(line: int, is_touched: bool) -> None:
    """A change touches a mutant on its text, or on the beginning of its statement."""
    assert draw.touching([edit(10)], {"services/worker/one.py": {line}}) == ([edit(10)] if is_touched else [])


def test_parse() -> None:
    """The new side of each hunk counts. A hunk that only removes lines counts as the line before."""
    hunks = ["@@ -3 +4,2 @@ def f():", "+x", "+y", "@@ -9,3 +11,0 @@", "-z"]
    diff = "\n".join(["--- a/services/a.py", "+++ b/services/a.py", *hunks, "+++ b/services/a.txt", "@@ -1 +1 @@"])
    assert draw.parse(diff) == {"services/a.py": {4, 5, 11}}


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_changed_lines(tmp_path: Path) -> None:
    """The lines of services/ that differ from a commit, in a project below the top of its repository. Untracked files count whole."""
    root = tmp_path / "project"
    (root / "services").mkdir(parents=True)
    (root / "services/a.py").write_text("one\ntwo\nthree\n")
    (root / "other.py").write_text("one\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "all")
    assert draw.changed_lines(root, "HEAD") == {}
    (root / "services/a.py").write_text("one\nTWO\nthree\nfour\n")
    (root / "services/b.py").write_text("one\ntwo\n")
    (root / "other.py").write_text("two\n")
    assert draw.changed_lines(root, "HEAD") == {"services/a.py": {2, 4}, "services/b.py": {1, 2}}
    with pytest.raises(MutantError, match="--since"):
        draw.changed_lines(root, "no-such-commit")


def git(where: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    subprocess.run(["git", "-C", str(where), *identity, *arguments], check=True, capture_output=True)
