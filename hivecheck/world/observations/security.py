"""What stands open: listening sockets, and calls that must need the cluster's token."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from hivecheck.clients.control import TOKEN_HEADER, ControlClient, Reply
from hivecheck.errors import ClientError, InconclusiveError, UsageError
from hivecheck.platforms.node_program import python_command
from hivecheck.stack.stack import Stack

# Words in Gherkin -> method, service (a node's or `worker`), path. `{worker}` is some worker of hive-1.
INTERNAL_CALLS: dict[str, tuple[str, str, str]] = {
    "register a service at the registry": ("POST", "registry", "/services"),
    "list the services at the registry": ("GET", "registry", "/services"),
    "remove a service from the registry": ("DELETE", "registry", "/services/{worker}?epoch=1"),
    "stop hive-1": ("POST", "hive-1", "/stop"),
    "start a worker on hive-1": ("POST", "hive-1", "/workers"),
    "remove a worker from hive-1": ("DELETE", "hive-1", "/workers/{worker}"),
    "chat with a worker through hive-1": ("POST", "hive-1", "/workers/{worker}/v1/chat/completions"),
    "chat with a worker directly": ("POST", "worker", "/v1/chat/completions"),
    "read the workers' journal at hive-1": ("GET", "hive-1", "/workers/{worker}/journal"),
    "read the orchestrator's services": ("GET", "orchestrator", "/services"),
    "read the orchestrator's statistics": ("GET", "orchestrator", "/stats"),
    "read the orchestrator's cluster status": ("GET", "orchestrator", "/api/cluster/status"),
}

POST = Path(__file__).parent / "programs" / "post.py"


@dataclass
class Security:
    """`replies` are the answers to calls made without the token and with a wrong one."""

    stack: Stack
    replies: list[Reply] = field(default_factory=list)

    def knock(self, words: str) -> None:
        """One call without the token, and once more with a wrong one."""
        if words not in INTERNAL_CALLS:
            raise UsageError(f"There is no call {words!r}. Known: {', '.join(INTERNAL_CALLS)}.")
        method, service, path = INTERNAL_CALLS[words]
        worker = self.stack.topology.managed("hive-1")[0]
        view = self.stack.hives["hive-1"].workers()[worker]
        if service == "worker":  # it listens on its hive's loopback: only from there can it be called
            for headers in ({}, {TOKEN_HEADER: "ct-wrong"}):
                self.replies.append(self._ask_from_inside(f"http://127.0.0.1:{view['port']}{path}", headers))
            return
        for token, is_sent in (("", False), ("ct-wrong", True)):
            client = ControlClient(self.stack.nodes[service].url, token)
            self.replies.append(client.ask(method, path.format(worker=worker), body={}, with_token=is_sent))
            client.close()

    def _ask_from_inside(self, url: str, headers: dict[str, str]) -> Reply:
        """A POST from where hive-1's processes run. Raises ClientError when no HTTP answer came."""
        done = self.stack.nodes["hive-1"].run(python_command(POST, url, json.dumps(headers)))
        if done.exit_code:
            raise ClientError(f"POST {url} from hive-1: no answer ({done.output.strip().splitlines()[-1:]})")
        status, _, body = done.output.partition("\n")
        return Reply(int(status), json.loads(body), {})

    def must_be_refused(self) -> None:
        """Every call was answered with 401 invalid_cluster_token."""
        if not self.replies:
            raise InconclusiveError("Nobody made a call.")
        for reply in self.replies:
            code = ((reply.body or {}).get("error") or {}).get("code")
            actual = (reply.status, code)
            assert actual == (401, "invalid_cluster_token"), f"expected: 401 invalid_cluster_token\nactual: {actual} {reply.body}"

    def must_listen_inside(self) -> None:
        """Every listening socket of every process of every node is bound to a loopback address."""
        count = 0
        for node in self.stack.nodes.values():
            for listener in node.listeners():
                count += 1
                assert listener.is_inside, f"expected: {node.name} listens on its stack's network and the loopback only\nactual: {listener}"
        if not count:
            raise InconclusiveError("No listening socket was seen at all; the nodes cannot be looked into.")

    def must_listen_as_asked(self) -> None:
        """One port for each node and each of its workers, and no other: no admin port."""
        for name, node in self.stack.nodes.items():
            own = {int(node.peer_url.rpartition(":")[2])}
            if name in self.stack.hives:
                own |= {int(view["port"]) for view in self.stack.hives[name].workers().values() if view["managed"]}
            actual = {listener.port for listener in node.listeners() if not listener.is_published}
            assert actual == own, f"expected: {name} listens on ports {sorted(own)}\nactual: {sorted(actual)}"
