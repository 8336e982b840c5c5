"""The registry: registrations, leases, outages."""

from behave import given, then, when

from hivecheck.checks.answers.answered import answered_after
from hivecheck.world.context import Ctx


@given("a service {worker:Worker} is registered")
@when("a service {worker:Worker} is registered")
def begin(context: Ctx, worker: str) -> None:
    context.world.cluster.registry.begin(worker)


@when("{count:Number} services register at the same moment")
def register_at_once(context: Ctx, count: int) -> None:
    context.world.cluster.registry.register_at_once(count)


@when("{worker:Worker} registers again in the same words")
def register_again(context: Ctx, worker: str) -> None:
    context.world.cluster.registry.register(worker)


@when("{worker:Worker} registers again with a newer epoch")
def register_newer(context: Ctx, worker: str) -> None:
    context.world.cluster.registry.register_newer(worker)


@when("{worker:Worker} registers with a newer epoch from another address")
def register_elsewhere(context: Ctx, worker: str) -> None:
    context.world.cluster.registry.register_elsewhere(worker)


@then("every registration is accepted as new")
def must_be_new(context: Ctx) -> None:
    context.world.cluster.registry.must_be_accepted(201)


@then("the registration is accepted as known")
def must_be_known(context: Ctx) -> None:
    context.world.cluster.registry.must_be_accepted(200)


@then("the registration is refused as a {code:Code}")
def must_be_refused(context: Ctx, code: str) -> None:
    context.world.cluster.registry.must_be_refused(code)


@then("the registry lists every one of them as it was said")
def must_all_be_listed(context: Ctx) -> None:
    context.world.cluster.registry.must_all_be_listed()


@then("the orchestrator knows every one of them within the {budget:Budget} time")
def must_all_be_known(context: Ctx, budget: str) -> None:
    context.world.cluster.registry.must_all_be_known(context.world.timeouts.named(budget))


@then("the registration of {worker:Worker} is as it was")
def must_be_as_before(context: Ctx, worker: str) -> None:
    context.world.cluster.registry.must_be_as_before(worker)


@then("{worker:Worker} is registered with the newer epoch")
def must_have_newer_epoch(context: Ctx, worker: str) -> None:
    context.world.cluster.registry.must_have_epoch_of_last(worker)


@then("{silent:Worker} is offline after {missed:Number} missed heartbeats, and {beating:Worker}, which beats, is not")
def must_expire(context: Ctx, silent: str, missed: int, beating: str) -> None:
    context.world.cluster.registry.must_expire(silent, beating, missed, context.world.timeouts.lease_expiry)


@then("{silent:Worker} is forgotten within the {budget:Budget} time, and {beating:Worker} is not")
def must_be_removed(context: Ctx, silent: str, budget: str, beating: str) -> None:
    context.world.cluster.registry.must_be_removed(silent, beating, context.world.timeouts.named(budget))


@then("the registry does not know {worker:Worker}")
def must_not_be_known(context: Ctx, worker: str) -> None:
    context.world.cluster.registry.must_not_be_known(worker)


@then("the registry does not know {hive:Hive}")
def must_not_know_hive(context: Ctx, hive: str) -> None:
    context.world.cluster.registry.must_not_be_known(hive)


@when("the registry is killed")
def kill_registry(context: Ctx) -> None:
    context.world.cluster.outages.kill("registry")


@when("the registry's database is lost")
def lose_database(context: Ctx) -> None:
    context.world.cluster.outages.lose_database()


@when("the registry is started again")
def start_registry_again(context: Ctx) -> None:
    context.world.cluster.nodes.start_until_it_answers("registry")


@when("{hive:Hive} is killed")
def kill_hive(context: Ctx, hive: str) -> None:
    context.world.cluster.outages.kill(hive)


@when("{hive:Hive} is killed as soon as the registry lists {worker:Worker}")
def kill_once_listed(context: Ctx, hive: str, worker: str) -> None:
    context.world.cluster.outages.kill_once_listed(hive, worker)


@when("{hive:Hive} and what guards its workers are killed")
def kill_hive_and_guard(context: Ctx, hive: str) -> None:
    context.world.cluster.outages.kill_with_guard(hive)


@then("every chat sent after {hive:Hive} was started again was answered")
def must_answered_after(context: Ctx, hive: str) -> None:
    context.world.checker.must(answered_after, node=hive, what="started again")


@when("{hive:Hive} is paused")
def pause_hive(context: Ctx, hive: str) -> None:
    context.world.cluster.outages.pause(hive)


@when("{hive:Hive} is resumed")
def resume_hive(context: Ctx, hive: str) -> None:
    context.world.cluster.outages.resume(hive)


@given("the workers of {hive:Hive} are noted")
def note(context: Ctx, hive: str) -> None:
    context.world.cluster.outages.note(hive)


@then("the orchestrator goes on without the registry")
def must_be_missed(context: Ctx) -> None:
    context.world.cluster.outages.must_be_missed(context.world.timeouts.convergence)


@then("the registry lists exactly the declared workers at once")
def must_list_at_once(context: Ctx) -> None:
    context.world.cluster.outages.must_list_at_once()


@then("nobody has lost a lease since")
def must_have_lost_nobody(context: Ctx) -> None:
    context.world.cluster.outages.must_have_lost_nobody()


@then("every service has registered again within the {budget:Budget} time")
def must_have_registered_again(context: Ctx, budget: str) -> None:
    context.world.cluster.outages.must_have_registered_again(context.world.timeouts.named(budget))


@then("the registry names the file to which it moved its damaged database, and the file is there")
def must_have_moved_aside(context: Ctx) -> None:
    context.world.cluster.outages.must_have_moved_aside()


@then("{worker:Worker} is unconfirmed in the registry within the {budget:Budget} time")
def must_be_unconfirmed(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.outages.must_be_unconfirmed(worker, context.world.timeouts.named(budget))


@then("{worker:Worker} is online in the registry within the {budget:Budget} time")
def must_be_online(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.outages.must_be_online(worker, context.world.timeouts.named(budget))


@then("{hive:Hive} tries to register {worker:Worker} again and again, each time after a longer wait")
def must_have_tried_again(context: Ctx, hive: str, worker: str) -> None:
    context.world.cluster.outages.must_have_tried_again(worker, hive)


@then("every worker of {hive:Hive} is registered anew within the {budget:Budget} time")
def must_have_replaced(context: Ctx, hive: str, budget: str) -> None:
    context.world.cluster.outages.must_have_replaced(hive, context.world.timeouts.named(budget))


@then("each worker of {hive:Hive} is one process")
def must_have_one_process_each(context: Ctx, hive: str) -> None:
    context.world.cluster.outages.must_have_one_process_each(hive)


@then("the workers of {hive:Hive} are untouched")
def must_be_untouched(context: Ctx, hive: str) -> None:
    context.world.cluster.outages.must_be_untouched(hive)


@then("{first:Worker} and {second:Worker} were never started again")
def must_run_on(context: Ctx, first: str, second: str) -> None:
    context.world.cluster.outages.must_run_on([first, second])


@then("no process of {hive:Hive} is left within the {budget:Budget} time")
def must_be_empty(context: Ctx, hive: str, budget: str) -> None:
    context.world.cluster.outages.must_be_empty(hive, context.world.timeouts.named(budget))
