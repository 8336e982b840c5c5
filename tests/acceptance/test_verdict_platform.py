"""The platform of a run: given or chosen. In CI a run never falls back to another platform."""

import pytest
from sample_project import scenario

pytestmark = pytest.mark.slow

NO_DAEMON = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture
def passing(project):
    project.feature(scenario("It passes", "it works"))
    return project


def test_no_daemon(passing):
    """Without a Docker daemon, a run uses local processes and prints it."""
    ended = passing.run(environment=NO_DAEMON | {"HIVECHECK_PLATFORM": ""})
    ended.must_end(0, "PASSED  1 passed")
    (line,) = [line for line in ended.output.splitlines() if "No Docker daemon answers" in line]
    assert "Running on local processes" in line and "no isolation" in line


@pytest.mark.parametrize(
    "environment", [{"HIVECHECK_PLATFORM": "docker"}, {"HIVECHECK_PLATFORM": "", "CI": "true"}], ids=["asked for", "in CI"]
)
def test_no_daemon_in_ci(passing, environment):
    """Without a Docker daemon, an explicit docker platform or a CI has no verdict."""
    ended = passing.run(environment=NO_DAEMON | environment)
    assert (ended.exit_code, ended.junit) == (2, None)
    assert ended.last_line == "NO VERDICT  the run did not start (setup_failed) (exit 2)"
    assert "No Docker daemon answers" in ended.output and "--platform process" in ended.output
