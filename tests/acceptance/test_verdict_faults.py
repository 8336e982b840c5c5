"""A fault that does not bite has shown nothing: the scenario is in doubt, and the run has no verdict."""

import pytest
from sample_project import scenario

pytestmark = pytest.mark.slow

# A fault like the real ones, but for its aim: what it does to the registry is looked for at the orchestrator.
AT_NOTHING = """
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.process.pause import ProcessPause


class Misaimed(ProcessPause):
    def effect(self, victim):
        return super().effect(FaultTarget.named("orchestrator", victim.stack))


@step("a misaimed pause is injected into {name}")
def inject(context, name):
    injector = context.world.faults.injector
    injector.known = {"a misaimed pause": Misaimed}
    injector.inject("a misaimed pause", name, [FaultTarget.named(name, context.world.stack)])
"""


def test_a_fault_that_does_not_bite_is_exit_code_2_and_an_error_that_says_so(project):
    project.add_steps(AT_NOTHING)
    project.feature(scenario("It is missed", "a misaimed pause is injected into registry"), tags="@integration @topology.small")
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.verdict_of("It is missed") == ("error", "inconclusive")
    assert "a misaimed pause on registry had no effect" in ended.told_of("It is missed")
