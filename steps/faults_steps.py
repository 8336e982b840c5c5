"""Faults that are injected, last and are removed. One pattern serves every fault of hivecheck/faults/."""

from behave import then, when

from hivecheck.world.context import Ctx


@when("{fault:Fault} is injected into {target:FaultTarget}")
def inject(context: Ctx, fault: str, target: str) -> None:
    context.world.faults.inject(fault, target)


@when("{fault:Fault} is injected into {target:FaultTarget} for {seconds:Seconds} seconds")
def inject_for(context: Ctx, fault: str, target: str, seconds: float) -> None:
    context.world.faults.inject(fault, target, seconds)


@when("{fault:Fault} is removed from {target:FaultTarget}")
def remove(context: Ctx, fault: str, target: str) -> None:
    context.world.faults.remove(fault, target)


@then("{fault:Fault} is over on {target:FaultTarget}")
def await_end(context: Ctx, fault: str, target: str) -> None:
    context.world.faults.await_end(fault, target)
