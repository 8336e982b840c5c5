"""A fault without an effect proves nothing, so its scenario is inconclusive."""

import pytest
from sample_project import scenario

from hivecheck.errors import Reason

pytestmark = pytest.mark.slow

# A real fault with a wrong target: the harm is at the registry, and the effect is expected at the orchestrator.
MISAIMED = """
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.process.pause import ProcessPause


class Misaimed(ProcessPause):
    def effect(self, fault_target):
        return super().effect(FaultTarget.named("orchestrator", fault_target.stack))


@step("a misaimed pause is injected into {name}")
def inject(context, name):
    injector = context.world.faults.injector
    injector.known = {"a misaimed pause": Misaimed}
    injector.inject("a misaimed pause", name, [FaultTarget.named(name, context.world.stack)])
"""


def test_fault_without_effect(project):
    """A fault without an effect ends the run with exit code 2 and a named error."""
    project.add_steps(MISAIMED)
    project.feature(scenario("It is missed", "a misaimed pause is injected into registry"), tags="@integration @topology.small")
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.verdict_of("It is missed") == ("error", "inconclusive")
    assert "a misaimed pause on registry had no effect" in ended.text_of("It is missed")
    assert ended.reason_of("It is missed") == Reason.NO_EFFECT
