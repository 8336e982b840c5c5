"""Models that hives download on demand: the hub's offers and faults, the progress of downloads, the files on the hives' disks."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hivecheck.checks.registry.one_download import one_download
from hivecheck.clients.model_hub import ModelHubClient
from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import InconclusiveError
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import figures, listed, plain
from hivecheck.world.checker import Checker
from hivecheck.world.requests.chats import BODIES, CHAT, Chats
from hivecheck.world.requests.credentials import credential

HUB = "hub"
LEAVING = "leaving"  # the purpose of a request that its client abandons
WITH_LEAVER = ", and a further one disconnects"  # in Gherkin
# Of a file of some MiB: a part has arrived, and much is missing.
CUT_AFTER_BYTES = 700 * 1024
PART_BYTES = 400 * 1024
HUB_FAULTS = {"cuts": {"cuts": 1, "cut_after_bytes": CUT_AFTER_BYTES}, "corrupts": {"corrupt": 1}}


@dataclass
class Models:
    """Needs a topology with a model hub."""

    stack: Stack
    history: History
    checker: Checker
    clients: Chats

    @cached_property
    def hub(self) -> ModelHubClient:
        return ModelHubClient(self.stack.nodes[HUB].url, self.stack.secrets.token)

    def must_be_absent(self, model: str) -> None:
        """The hub offers the model, no hive has its file, and no worker serves it."""
        offered = eventually(self.hub.offers, within=self.stack.timeouts.node_ready, what=f"the hub offers {model}")
        if model not in offered or self.holders(model) or model in self.stack.orchestrator.status()["models"]:
            raise InconclusiveError(
                f"expected: {model} offered by the hub and nowhere else\nactual: {listed(sorted(offered))}, {figures(self.views(model))}"
            )

    def order_fault(self, fault: str) -> None:
        """The hub cuts or corrupts its next download."""
        self.hub.order(**HUB_FAULTS[fault])
        self.history.act(HUB, f"{fault} its next download")

    def must_be_served_from_its_file(self, model: str) -> None:
        """Every hive with a worker of the model has its file, with the checksum that the hub offers."""
        offer = self.hub.offers()[model]
        serving = [name for name, hive in self.stack.hives.items() if any(model in view["models"] for view in hive.workers().values())]
        assert serving, f"expected: a hive with a worker of {model}\nactual: none"
        for name in serving:
            found = self.file_sha256(name, model)
            assert found == offer["sha256"], (
                f"expected: {model} at {name} with checksum {offer['sha256']}\nactual: {found}, {figures(self.views(model))}"
            )

    def must_be_catalogued(self, model: str) -> None:
        """One hive lists the model as ready, with all its bytes."""
        size = self.hub.offers()[model]["size_bytes"]
        ready = {name: view for name, view in self.views(model).items() if view["state"] == "ready"}
        assert len(ready) == 1, f"expected: {model} ready at one hive\nactual: {figures(self.views(model))}"
        [view] = ready.values()
        assert view["bytes_done"] == size, f"expected: all {size} bytes\nactual: {figures(view)}"

    def must_progress(self, model: str, within: float) -> None:
        """A hive reports a part of the download, and then a larger one."""

        def done() -> int:
            return max((view["bytes_done"] for view in self.views(model).values() if view["state"] == "downloading"), default=0)

        first = must_eventually(done, within=within, what=f"a part of {model} downloaded")
        must_eventually(done, within=within, what=f"more than {first} bytes of {model} downloaded", until=lambda count: count > first)

    def start_waiting(self, model: str, count: int, *, has_leaver: bool = False) -> None:
        """Clients request the model and wait while the scenario continues.

        With `has_leaver`, the first request is that of one more client, which disconnects once the others wait too.
        """
        leaving = [self._start_leaving(model)] if has_leaver else []
        for _ in range(count):
            self.clients.start(model)
        for call in leaving:
            self._await_at_gateway(count + 1)
            if call.is_done:
                raise InconclusiveError(f"expected: a client that disconnects while it waits\nactual: {call.operation.sentence()}")
            call.leave()
            # The gateway counts the client until it detects the disconnect.
            self._await_at_gateway(count, count)

    def _start_leaving(self, model: str) -> PendingRequest:
        """A request with a purpose of its own, because nothing is promised to a client that disconnects."""
        body = {"model": model} | BODIES[CHAT]
        call = self.clients.send(Request(CHAT, model, body, credential("a valid key", self.stack.secrets), purpose=LEAVING))
        self._await_at_gateway(1)
        return call

    def _await_at_gateway(self, least: int, most: float = math.inf) -> None:
        eventually(
            self.stack.orchestrator.in_flight,
            within=self.stack.timeouts.request,
            what=f"requests at the gateway: {least}",
            until=lambda found: least <= found <= most,
        )

    def bring(self, model: str, hive: str, *, serve: bool = True) -> None:
        """A hive is asked to download a model. Returns while the download runs."""
        reply = self.stack.hives[hive].bring(model, serve=serve)
        if reply.status not in (200, 202):
            raise InconclusiveError(f"expected: {hive} brings {model}\nactual: {reply.sentence()}")

    def await_half(self, model: str, hive: str) -> None:
        """Return when a part of the model has arrived at that hive. Raises InconclusiveError when all of it has."""

        def part() -> dict[str, Any]:
            return self.views(model).get(hive, {})

        within = self.stack.timeouts.download
        report = must_eventually(
            part, within=within, what=f"a part of {model} at {hive}", until=lambda view: view.get("bytes_done", 0) >= PART_BYTES
        )
        if report["state"] != "downloading":
            raise InconclusiveError(f"expected: {hive} in the middle of {model}\nactual: {figures(report)}")

    def must_have_been_downloaded(self, model: str, parts: int) -> None:
        """Hives fetched each byte of the model once, in so many requests to the hub."""
        size = self.hub.offers()[model]["size_bytes"]
        self.checker.must(one_download, model=model, size_bytes=size, parts=parts)

    def must_have_been_corrupted(self, model: str) -> None:
        """The hub's journal shows a corrupted download. Without one the scenario proves nothing."""

        def outcomes() -> list[str]:
            self.checker.observe()
            return [line.data["outcome"] for line in self.history.journal("download_ended") if line.data["model"] == model]

        eventually(
            outcomes,
            within=self.stack.timeouts.settling,
            what=f"a corrupted download of {model}",
            until=lambda found: "corrupted" in found,
            otherwise=InconclusiveError,
        )

    def must_have_failed(self, model: str, code: str) -> None:
        """A hive reports the download as failed with this code. No hive has a file of the model, and no worker serves it."""
        report = {view["code"] for view in self.views(model).values() if view["state"] == "failed"}
        assert report == {code}, f"expected: {model} failed with {code}\nactual: {figures(self.views(model))}"
        assert not self.holders(model), f"expected: nothing of {model} on any disk\nactual: {figures(self.holders(model))}"
        serving = self.stack.orchestrator.status()["models"]
        assert model not in serving, f"expected: {model} not served\nactual: {plain(serving)}"

    def views(self, model: str) -> dict[str, dict[str, Any]]:
        """The model as each running hive that knows it reports it."""
        replies = {}
        for name, hive in self.stack.hives.items():
            # A scenario may have stopped a hive in the middle of its download. It refuses connections, which says nothing
            # about the model.
            if self.stack.nodes[name].is_running() and (view := hive.model(model)):
                replies[name] = view
        return replies

    def holders(self, model: str) -> dict[str, list[str]]:
        """Hive -> its files of this model, partial ones included."""
        found = {name: self.stack.nodes[name].files(f"models/{model}*") for name in self.stack.hives}
        return {name: files for name, files in found.items() if files}

    def file_sha256(self, hive: str, model: str) -> str:
        """The checksum of the file as it lies on the hive's disk."""
        # From the bytes on disk. The hive's own report could repeat the hub's checksum without a look at the file.
        names = [name for name in self.stack.nodes[hive].files(f"models/{model}*") if not name.endswith(".part")]
        return hashlib.sha256(self.stack.nodes[hive].read_file(names[0])).hexdigest() if names else "no file"

    def leave(self) -> None:
        """Close the client of the hub."""
        if "hub" in self.__dict__:
            self.hub.close()
