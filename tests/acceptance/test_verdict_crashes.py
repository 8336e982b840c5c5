"""A crash of the harness: exit code 3 for any verdict of the scenarios, with the error in the report."""

import pytest
from sample_project import scenario

pytestmark = pytest.mark.slow

HOOKS = ("before_all", "before_scenario", "after_step", "after_all")
PASSING = scenario("It passes", "it works")


@pytest.mark.parametrize("hook", HOOKS)
def test_broken_hook(project, hook):
    """An error in a hook is a crash of the harness."""
    project.feature(PASSING)
    project.add_hooks(f"def {hook}(*_):\n    raise RuntimeError('the hook is broken')\n")
    ended = project.run()
    ended.must_end(3, "HARNESS CRASHED")
    assert "the hook is broken" in ended.text_of("the harness crashed")
    assert "the hook is broken" in ended.last_line


def test_broken_clean_up(project):
    """An error in a clean-up is a crash of the harness."""
    project.add_steps(
        'def broken():\n    raise RuntimeError("the clean-up is broken")\n\n\n@step("it leaves a clean-up")\n'
        "def leaves(context):\n    context.add_cleanup(broken)\n"
    )
    project.feature(scenario("It passes", "it leaves a clean-up"))
    ended = project.run()
    ended.must_end(3, "HARNESS CRASHED")
    assert "the clean-up is broken" in ended.text_of("the harness crashed")
    assert "ABORTED" not in ended.output


def test_crash_and_failure(project):
    """A crash outweighs a failure."""
    project.feature(scenario("It fails", "the answer is wrong"))
    project.add_hooks("def after_all(*_):\n    raise RuntimeError('the hook is broken')\n")
    ended = project.run()
    ended.must_end(3, "1 failed")
    assert ended.counts() == (2, 1, 1, 0)


def test_unwritable_report(project):
    """A report that cannot be written is a crash of the harness."""
    project.add_steps(
        '@step("the report folder turns into a file")\ndef turn(context):\n    import shutil\n\n'
        '    shutil.rmtree("reports")\n    Path("reports").write_text("")\n'
    )
    project.feature(scenario("It passes", "the report folder turns into a file"))
    ended = project.run()
    ended.must_end(3, "the reports were not written")
    assert ended.junit is None
    assert "JUnit report: not written" in ended.output
