"""behave's hooks, and nothing else: each hands over to the runner."""

from hivecheck.bdd.runner import runner_of


def before_all(context):
    runner_of(context)


def before_scenario(context, scenario):
    context.world = runner_of(context).begin(scenario)


def after_scenario(context, scenario):
    runner_of(context).finish(scenario)
