"""Faults that strike, last and heal. One pattern serves them all; what they are stands in hivecheck/faults/."""

from behave import then, when


@when("{fault:Fault} strikes {target:Target}")
def strike(context, fault, target):
    context.world.faults.strike(fault, target)


@when("{fault:Fault} strikes {target:Target} for {seconds:Seconds} seconds")
def strike_for(context, fault, target, seconds):
    context.world.faults.strike(fault, target, seconds)


@when("{target:Target} is healed")
def heal(context, target):
    context.world.faults.heal(target)


@then("{target:Target} heals by itself when its time is over")
def await_end(context, target):
    context.world.faults.await_end(target)
