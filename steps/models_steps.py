"""Models that hives download on demand, and the hub that offers them."""

from behave import given, step, then, when

from hivecheck.world.context import Ctx


@given("the hub offers {model:Model}, and no hive has it")
def must_be_absent(context: Ctx, model: str) -> None:
    """The model is in the hub's list, in no hive's files and at no worker."""
    context.world.cluster.models.must_be_absent(model)


@step("the hub {fault:HubFault} its next download")
def order_fault(context: Ctx, fault: str) -> None:
    """The hub closes the connection in the middle of one download, or sends wrong bytes."""
    context.world.cluster.models.order_fault(fault)


@when("{count:Clients} for {model:Model}{leaver:WithLeaver}")
def start_waiting(context: Ctx, count: int, model: str, leaver: bool) -> None:
    """Clients request a model and wait while the scenario continues. Another one may come first and disconnect."""
    context.world.cluster.models.start_waiting(model, count, has_leaver=leaver)


@when("{hive:Hive} has downloaded a part of {model:Model}")
def await_part(context: Ctx, hive: str, model: str) -> None:
    """Returns in the middle of a download."""
    context.world.cluster.models.await_half(model, hive)


@then("the download of {model:Model} progresses{within:Within}")
def must_progress(context: Ctx, model: str, within: str) -> None:
    """A hive reports a part of the download, and then a larger one."""
    context.world.cluster.models.must_progress(model, context.world.timeouts.within(within))


@then("{model:Model} was downloaded in {parts:Parts}")
def must_have_been_downloaded(context: Ctx, model: str, parts: int) -> None:
    """The hub sent each byte once, in so many downloads. Each download continues where the one before it ended."""
    context.world.cluster.models.must_have_been_downloaded(model, parts)


@then("{model:Model} is ready in the catalogue of one hive")
def must_be_catalogued(context: Ctx, model: str) -> None:
    """Exactly one hive lists the model as ready, with all its bytes."""
    context.world.cluster.models.must_be_catalogued(model)


@then("{model:Model} is served from the file that the hub offers")
def must_be_served_from_its_file(context: Ctx, model: str) -> None:
    """Every hive that serves the model has its file with the hub's checksum."""
    context.world.cluster.models.must_be_served_from_its_file(model)


@then("the hub has corrupted a download of {model:Model}")
def must_have_been_corrupted(context: Ctx, model: str) -> None:
    """The hub's journal shows a corrupted download. Without one the scenario is inconclusive."""
    context.world.cluster.models.must_have_been_corrupted(model)


@then("the download of {model:Model} failed with code {code:Code} and left no file")
def must_have_failed(context: Ctx, model: str, code: str) -> None:
    """A hive reports the failed download with this code, no hive has a file of the model, and no worker serves it."""
    context.world.cluster.models.must_have_failed(model, code)
