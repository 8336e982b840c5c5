"""Which source the services of a stack run. Another gateway is none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hivecheck.clients.control import ControlClient
from hivecheck.errors import SetupError
from hivecheck.platforms.platform import Node
from hivecheck.stack.log_tail import LogTail
from hivecheck.wording import figures


def running(nodes: Mapping[str, Node], is_foreign: Callable[[str], bool], token: str) -> dict[str, str]:
    """The hash of the source that each node runs, and each worker by its log. `is_foreign` judges the service of a node."""
    ours = {name: node for name, node in nodes.items() if not is_foreign(node.service)}
    found = {name: ControlClient(node.url, token).get("/info")["source_hash"] for name, node in ours.items()}
    for event in LogTail(nodes.values()).log_lines():
        if event.data.get("event") == "listening":
            found[event.node] = event.data["source_hash"]
    return found


def must_be(expected: str, running: Mapping[str, str]) -> None:
    """Raise SetupError unless each of these hashes is that of the source that the platform was given."""
    if difference := {name: source for name, source in running.items() if source != expected}:
        raise SetupError(
            f"expected: every node runs source {expected}\n"
            f"actual: {figures(difference)}; another installation of the services is in the way"
        )
