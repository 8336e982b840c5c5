"""A user's repository: what the wheel holds, and a run of the reference steps where there is no checkout."""

from __future__ import annotations

import configparser
import shutil
import sys
from pathlib import Path

import built_wheel
import pytest
from built_wheel import Installation

from hivecheck.images.base_image import Base, recipe
from hivecheck.images.build import inputs_of
from hivecheck.settings import PROJECT_ROOT, Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

BASE = Base("hivecheck/base:x", "sha256:1", "3.11", "x86_64", "2.36")
FEATURE = """\
@integration @topology.small
Feature: My gateway

  @SVC-005 @P0
  Scenario: Each worker gets its share
    When clients send 10 chats for model-a
    Then each worker of model-a served at least 20 percent of the requests
"""
STEP_FILES = sorted(path.stem for path in (PROJECT_ROOT / "steps").glob("*_steps.py"))
REFERENCE_STEPS = "".join(f"import hivecheck.steps.{name}\n" for name in STEP_FILES)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the project as it is."""
    return built_wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installation(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(built, tmp_path_factory.mktemp("environment"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """All that a user's repository needs."""
    own, copied = configparser.RawConfigParser(), configparser.RawConfigParser()
    own.read(PROJECT_ROOT / "setup.cfg")
    copied["behave"] = dict(own["behave"])
    with (tmp_path / "setup.cfg").open("w") as file:
        copied.write(file)
    shutil.copy(PROJECT_ROOT / "environment.py", tmp_path)
    for name, text in {"steps/reference_steps.py": REFERENCE_STEPS, "features/mine.feature": FEATURE}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_wheel_content(built: Path) -> None:
    """The wheel holds each file of hivecheck, services, steps, features and docker, and no other file."""
    assert built_wheel.content(built) == built_wheel.packaged()


def test_run_in_user_repository(installation: Installation, repository: Path) -> None:
    """The reference steps serve a feature of a user's repository, on the installed services."""
    done = installation.hivecheck("run", "--platform", "process", "--seed", "7", folder=repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED  1 passed" in done.stdout
    where = "import hivecheck.steps, services; print(hivecheck.steps.__file__, services.__file__)"
    assert all(Path(file).is_relative_to(installation.site) for file in installation.python(where, repository).split())


def test_installed_image_inputs(installation: Installation, tmp_path: Path) -> None:
    """The installed package builds the same base and the same image as the checkout."""
    program = (
        "from hivecheck.images.base_image import Base, recipe\nfrom hivecheck.images.build import inputs_of\n"
        f"from hivecheck.settings import Settings\nprint(inputs_of(Settings(), {BASE!r}).tag, recipe())"
    )
    assert installation.python(program, tmp_path) == f"{inputs_of(Settings(), BASE).tag} {recipe()}"


@pytest.mark.parametrize("words", [["docs"], ["docs", "--check"], ["bench", "startup"]], ids=" ".join)
def test_command_needs_checkout(installation: Installation, tmp_path: Path, words: list[str]) -> None:
    """A command for hivecheck's own repository is refused by an installed package, which it leaves as it is."""
    before = sorted(installation.site.iterdir())
    done = installation.hivecheck(*words, folder=tmp_path)
    assert done.returncode == 2
    assert "expected: an editable install of hivecheck" in done.stderr
    assert sorted(installation.site.iterdir()) == before


def test_editable_steps(tmp_path: Path) -> None:
    """In an editable install, a user's repository imports the reference steps from the checkout."""
    program = f"from hivecheck.bdd import parameter_types\nparameter_types.register()\n{REFERENCE_STEPS}print(hivecheck.steps.__file__)"
    assert built_wheel.ended([sys.executable, "-c", program], tmp_path).stdout.strip() == str(PROJECT_ROOT / "steps" / "__init__.py")
