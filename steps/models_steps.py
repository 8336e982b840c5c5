"""Models that are brought to hives on demand, and the hub they come from."""

from behave import given, then, when

from hivecheck.world.context import Ctx


@given("{model:Model} is offered by the hub, and on no hive")
def must_be_absent(context: Ctx, model: str) -> None:
    context.world.cluster.models.must_be_absent(model)


@when("the hub is to break its next download off")
def cut_once(context: Ctx) -> None:
    context.world.cluster.models.cut_once()


@given("the hub will corrupt its next download")
def corrupt_once(context: Ctx) -> None:
    context.world.cluster.models.corrupt_once()


@when("{count:Number} clients wait for {model:Model}")
def start_waiting(context: Ctx, count: int, model: str) -> None:
    context.world.cluster.models.start_waiting(model, count)


@then("the download of {model:Model} is seen to progress within the {budget:Budget} time")
def must_progress(context: Ctx, model: str, budget: str) -> None:
    context.world.cluster.models.must_progress(model, context.world.timeouts.named(budget))


@when("{hive:Hive} is asked for {model:Model}")
def bring(context: Ctx, hive: str, model: str) -> None:
    context.world.cluster.models.bring(model, hive)


@when("{hive:Hive} has downloaded a part of {model:Model}")
def await_half(context: Ctx, hive: str, model: str) -> None:
    context.world.cluster.models.await_half(model, hive)


@then("{model:Model} was downloaded once")
def must_be_one_download(context: Ctx, model: str) -> None:
    context.world.cluster.models.must_have_been_downloaded(model)


@then("{model:Model} was downloaded in {parts:Number} parts, none of which began anew")
def must_be_resumed(context: Ctx, model: str, parts: int) -> None:
    context.world.cluster.models.must_have_been_downloaded(model, parts)


@then("{model:Model} is in the catalogue of one hive, ready")
def must_be_catalogued(context: Ctx, model: str) -> None:
    context.world.cluster.models.must_be_catalogued(model)


@then("{model:Model} is served from the very file that the hub offers")
def must_be_served_from_its_file(context: Ctx, model: str) -> None:
    context.world.cluster.models.must_be_served_from_its_file(model)


@then("the hub did send wrong bytes of {model:Model}")
def must_have_been_spoilt(context: Ctx, model: str) -> None:
    context.world.cluster.models.must_have_been_spoilt(model)


@then("{model:Model} is shown as failed with code {code:Code}, and nothing of it is left on a disk")
def must_have_failed(context: Ctx, model: str, code: str) -> None:
    context.world.cluster.models.must_have_failed(model, code)
