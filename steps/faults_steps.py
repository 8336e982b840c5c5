"""Faults: injected, active and removed. docs/faults.md lists every fault and every fault target."""

from behave import step

from hivecheck.world.context import Ctx


@step("{fault:Fault} is injected into {target:FaultTarget}{seconds:Duration}")
def inject(context: Ctx, fault: str, target: str, seconds: float | None) -> None:
    """Injects a fault and returns once its effect was observed."""
    context.world.faults.inject(fault, target, seconds)


@step("{fault:Fault} is removed from {target:FaultTarget}")
def remove(context: Ctx, fault: str, target: str) -> None:
    """Removes a fault and verifies that nothing of it is left."""
    context.world.faults.remove(fault, target)


@step("{fault:Fault} is over on {target:FaultTarget}")
def await_end(context: Ctx, fault: str, target: str) -> None:
    """Waits until the fault's duration is over and verifies that nothing of it is left."""
    context.world.faults.await_end(fault, target)
