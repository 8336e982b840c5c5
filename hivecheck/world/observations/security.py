"""Security of a stack in four sections: routes, open ports, the sandbox of each service, secrets in output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hivecheck.clients.control import ControlClient
from hivecheck.clients.openai_api import OpenAIClient, PendingRequest, Request
from hivecheck.clients.raw_http import RawClient, RawRequest
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import History
from hivecheck.platforms.platform import Node
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually
from hivecheck.wording import figures, listed
from hivecheck.world import phrases
from hivecheck.world.observations.routes import Routes
from hivecheck.world.requests.credentials import CREDENTIALS, credential
from hivecheck.world.requests.hostile import CHAT, Attack, RequestHead

UNLIMITED = "max"
# cgroup v1 writes "no limit" as the greatest page-aligned number (kernel, mm/page_counter.c). No real limit comes near it.
UNLIMITED_BYTES = 1 << 60
# The files of cgroup v2 come first, then those of v1.
MEMORY_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
PROCESS_FILES = ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max")
READ_ONLY_FOLDERS = ("/", "/app", "/usr")

BODY = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
# Places where a key does not belong. A service that refuses such a request might quote it.
MISPLACED: dict[str, Attack] = {
    "a key in a header that is too long": lambda by: RawRequest(by.post(b"", "Authorization: Bearer " + by.key + "y" * 9000)),
    "a key in a broken header": lambda by: RawRequest(by.post(b"", more=b"Authorization Bearer \x00" + by.key.encode() + b"\r\n")),
    "a key without its scheme": lambda by: RawRequest(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: {by.key}\r\n\r\n".encode()),
    "a key in a query": lambda by: RawRequest(by.post(b"{", path=f"{CHAT}?api_key={by.key}")),
    "a key in a method": lambda by: RawRequest(f"{by.key} / HTTP/1.1\r\nHost: x\r\n\r\n".encode()),
    "a key in other headers": lambda by: RawRequest(by.post(b"{", f"X-Api-Key: {by.key}", f"Cookie: key={by.key}")),
}


@dataclass
class Ports:
    """Listening sockets."""

    stack: Stack

    def must_listen(self, rule: str) -> None:
        """Every listening socket follows one of the `SOCKET_RULES`."""
        phrases.act(SOCKET_RULES, rule, self)

    def must_listen_inside(self) -> None:
        """Every listening socket of every node's processes is bound to an address of the stack's network or the loopback."""
        count = 0
        for node in self.stack.nodes.values():
            for listener in node.listeners():
                count += 1
                assert listener.is_inside, (
                    f"expected: {node.name} listens on its stack's network and the loopback only\nactual: {listener.host}:{listener.port}"
                )
        if not count:
            raise InconclusiveError("expected: listening sockets\nactual: none; the platform cannot list the nodes' sockets")

    def must_listen_as_declared(self) -> None:
        """Each node listens on its own port and those of its managed workers only. No admin port is open."""
        for name, node in self.stack.nodes.items():
            own = {int(node.peer_url.rpartition(":")[2])}
            if name in self.stack.hives:
                own |= {int(view["port"]) for view in self.stack.hives[name].workers().values() if view["managed"]}
            actual = {listener.port for listener in node.listeners() if not listener.is_published}
            assert actual == own, f"expected: {name} listens on ports {listed(sorted(own))}\nactual: {listed(sorted(actual))}"


@dataclass
class Sandbox:
    """Privileges and limits of a node's processes. The kernel is asked in the node itself, because a container's settings prove nothing."""

    stack: Stack

    def must_run(self, rule: str) -> None:
        """Every service follows one of the `SANDBOX_RULES`."""
        phrases.act(SANDBOX_RULES, rule, self)

    def must_be_unprivileged(self) -> None:
        """No process is root, can gain privileges, or has an effective, permitted or bounding capability."""
        for node in self.stack.nodes.values():
            for status in _statuses(node):
                actual = {
                    "root": "0" in status["Uid"].split(),
                    "may gain privileges": status["NoNewPrivs"] != "1",
                    "capabilities": [status[name] for name in ("CapEff", "CapPrm", "CapBnd") if int(status[name], 16)],
                }
                assert not any(actual.values()), (
                    f"expected: {node.name}'s process {status['Pid']} unprivileged\nactual: {status['Name']} has {figures(actual)}"
                )

    def must_be_limited(self) -> None:
        """The root file system refuses a write, and the kernel limits memory and number of processes."""
        for node in self.stack.nodes.values():
            command = f"for folder in {' '.join(READ_ONLY_FOLDERS)}; do touch $folder/written-by-a-test; done"
            result = node.run(["sh", "-c", command])
            refused = result.output.count("Read-only file system")
            assert result.exit_code and refused == len(READ_ONLY_FOLDERS), (
                f"expected: {node.name} cannot write to any of {listed(READ_ONLY_FOLDERS)}\n"
                f"actual: exit code {result.exit_code}: {result.output.strip()}"
            )
            memory, processes = _limit(node, MEMORY_FILES), _limit(node, PROCESS_FILES)
            assert memory and processes, (
                f"expected: limits on {node.name}'s memory and processes\nactual: memory limit {memory}, process limit {processes}"
            )


@dataclass
class SecretScan:
    """Sends every kind of credential, and then looks for all secrets in everything that nodes write and clients receive."""

    stack: Stack
    routes: Routes
    gateway: OpenAIClient
    raw: RawClient
    history: History

    def send_every_credential(self) -> None:
        """One chat with each credential, and one request for each place where a key does not belong."""
        keys = [key for words in CREDENTIALS if (key := credential(words, self.stack.secrets))]
        calls = [self.gateway.start(Request(CHAT, "model-a", BODY, key, purpose="credential")) for key in keys]
        eventually(lambda: all(call.is_done for call in calls), within=self.stack.timeouts.request, what="every credential used")
        if unanswered := [call.operation.sentence() for call in calls if call.operation.status is None]:
            raise InconclusiveError(f"expected: a response to every credential\nactual: {'; '.join(unanswered)}")
        for words, make in MISPLACED.items():
            self.raw.send("misplaced", words, make(RequestHead("misplaced", self.stack.secrets.keys["tester"])))
        self._await_logs(calls)

    def must_find_none(self) -> None:
        """No key, token or secret of the stack is anywhere but in the configuration that holds it."""
        found = [f"{place} has {name}" for place, text in self._places() for name, value in self._secrets().items() if value in text]
        assert not found, f"expected: no key or token in any log, journal, page, response or report\nactual: {listed(found)}"

    def _secrets(self) -> dict[str, str]:
        """Each secret by a name that a message may show."""
        secrets = self.stack.secrets
        named = {f"the key of {name}": key for name, key in secrets.keys.items()}
        named |= {"a wrong key": credential("a wrong key", secrets) or "", "the cluster token": secrets.token}
        named |= {f"token {number} of a client": token for number, token in enumerate(secrets.minted)}
        return named | {"the JWT secret": secrets.jwt_secret}

    def _places(self) -> Iterator[tuple[str, str]]:
        for name, node in self.stack.nodes.items():
            yield f"{name}'s log", "\n".join(node.log_lines())
            for file in node.files("**/*"):
                yield f"{name}'s file {file}", node.read_file(file).decode(errors="replace")
        for route in self.routes.of_nodes():
            # A path with a placeholder needs a value that only a scenario knows.
            if route.method == "GET" and "{" not in route.path and not route.is_for_clients:
                with ControlClient(self.stack.nodes[route.service].url, self.stack.secrets.token) as client:
                    yield f"{route.service}'s {route.path}", client.text(route.path)
        yield "the report", "\n".join(map(repr, [*self.history.operations(None), *self.history.events()]))

    def _await_logs(self, calls: list[PendingRequest]) -> None:
        """Wait until the gateway has logged every call. A secret that is not in the log by then will not appear later."""
        expected = {call.operation.id for call in calls}

        def missing() -> set[str]:
            text = "\n".join(line for node in self.stack.nodes.values() if node.service == "orchestrator" for line in node.log_lines())
            return {identifier for identifier in expected if identifier not in text}

        eventually(missing, within=self.stack.timeouts.settling, what="the gateway logs every call", until=lambda ids: not ids)


@dataclass(frozen=True)
class Security:
    """One attribute is one section."""

    routes: Routes
    ports: Ports
    sandbox: Sandbox
    secrets: SecretScan

    @classmethod
    def compose(cls, stack: Stack, gateway: OpenAIClient, raw: RawClient, history: History) -> Security:
        """A fresh Security for one scenario."""
        routes = Routes(stack)
        return cls(routes, Ports(stack), Sandbox(stack), SecretScan(stack, routes, gateway, raw, history))


def _statuses(node: Node) -> list[dict[str, str]]:
    """/proc/<pid>/status of every process, as the node sees it (proc(5)). Raises ClientError when there is none."""
    result = node.run(["sh", "-c", "cat /proc/[0-9]*/status 2>/dev/null"])
    processes = [text for text in f"\n{result.output}".split("\nName:") if text.strip()]
    if not processes:
        raise ClientError(f"{node.name}: no process status can be read there: {result.output.strip()}")
    lines = [[line.partition(":") for line in f"Name:{text}".splitlines()] for text in processes]
    return [{name: value.strip() for name, _, value in of_one} for of_one in lines]


def _limit(node: Node, files: tuple[str, ...]) -> int | None:
    """The value of the first of these cgroup files that exists there. None for no limit."""
    result = node.run(["sh", "-c", f"cat {' '.join(files)} 2>/dev/null | head -n 1"])
    text = result.output.strip()
    if not text:
        raise ClientError(f"{node.name}: none of {', '.join(files)} can be read there")
    return None if text == UNLIMITED or int(text) >= UNLIMITED_BYTES else int(text)


# Words in Gherkin -> the rule that they name.
SOCKET_RULES: dict[str, Callable[..., None]] = {
    "is on the private network of the stack": Ports.must_listen_inside,
    "belongs to a declared port": Ports.must_listen_as_declared,
}
SANDBOX_RULES: dict[str, Callable[..., None]] = {
    "as an unprivileged user without capabilities": Sandbox.must_be_unprivileged,
    "with a read-only root and limits on memory and processes": Sandbox.must_be_limited,
}
