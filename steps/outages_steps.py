"""The registry and hives lost and found again, and what is left of their workers."""

from behave import given, then, when


@when("the registry is killed")
def kill_registry(context):
    context.world.cluster.outages.kill("registry")


@when("the registry's database is lost")
def lose_database(context):
    context.world.cluster.outages.lose_database()


@when("the registry is started again")
def start_registry_again(context):
    context.world.cluster.nodes.start_until_it_answers("registry")


@when("{hive:Hive} is killed")
def kill_hive(context, hive):
    context.world.cluster.outages.kill(hive)


@when("{hive:Hive} is killed as soon as the registry lists {worker:Worker}")
def kill_once_listed(context, hive, worker):
    context.world.cluster.outages.kill_once_listed(hive, worker)


@when("{hive:Hive} and what guards its workers are killed")
def kill_hive_and_guard(context, hive):
    context.world.cluster.outages.kill_with_guard(hive)


@then("every chat sent after {hive:Hive} was started again was answered")
def answered_after(context, hive):
    context.world.checker.must("answered after", node=hive, what="started again")


@when("{hive:Hive} is paused")
def pause_hive(context, hive):
    context.world.cluster.outages.pause(hive)


@when("{hive:Hive} is resumed")
def resume_hive(context, hive):
    context.world.cluster.outages.resume(hive)


@given("the workers of {hive:Hive} are noted")
def note(context, hive):
    context.world.cluster.outages.note(hive)


@then("the orchestrator goes on without the registry")
def must_be_missed(context):
    context.world.cluster.outages.must_be_missed(context.world.timeouts.convergence)


@then("the registry lists exactly the declared workers at once")
def must_list_at_once(context):
    context.world.cluster.outages.must_list_at_once()


@then("nobody has lost a lease since")
def must_have_lost_nobody(context):
    context.world.cluster.outages.must_have_lost_nobody()


@then("every service has registered again within the {budget:Budget} time")
def must_have_registered_again(context, budget):
    context.world.cluster.outages.must_have_registered_again(context.world.timeouts.named(budget))


@then("the registry names the file to which it moved its damaged database, and the file is there")
def must_have_moved_aside(context):
    context.world.cluster.outages.must_have_moved_aside()


@then("{worker:Worker} is suspect in the registry within the {budget:Budget} time")
def must_be_suspect(context, worker, budget):
    context.world.cluster.outages.must_be_suspect(worker, context.world.timeouts.named(budget))


@then("{worker:Worker} is online in the registry within the {budget:Budget} time")
def must_be_online(context, worker, budget):
    context.world.cluster.outages.must_be_online(worker, context.world.timeouts.named(budget))


@then("{hive:Hive} tries to register {worker:Worker} again and again, each time after a longer wait")
def must_have_tried_again(context, hive, worker):
    context.world.cluster.outages.must_have_tried_again(worker, hive)


@then("every worker of {hive:Hive} is registered anew within the {budget:Budget} time")
def must_have_replaced(context, hive, budget):
    context.world.cluster.outages.must_have_replaced(hive, context.world.timeouts.named(budget))


@then("each worker of {hive:Hive} is one process")
def must_have_one_process_each(context, hive):
    context.world.cluster.outages.must_have_one_process_each(hive)


@then("the workers of {hive:Hive} are untouched")
def must_be_untouched(context, hive):
    context.world.cluster.outages.must_be_untouched(hive)


@then("{first:Worker} and {second:Worker} were never started again")
def must_run_on(context, first, second):
    context.world.cluster.outages.must_run_on([first, second])


@then("no process of {hive:Hive} is left within the {budget:Budget} time")
def must_be_empty(context, hive, budget):
    context.world.cluster.outages.must_be_empty(hive, context.world.timeouts.named(budget))
