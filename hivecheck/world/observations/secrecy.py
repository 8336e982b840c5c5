"""Where a secret might have ended up: everything that nodes wrote or show, everything clients were told, the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hivecheck.clients.control import ControlClient
from hivecheck.clients.openai_api import OpenAIClient, PendingRequest, Request
from hivecheck.clients.raw_http import RawClient, RawRequest
from hivecheck.errors import InconclusiveError
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually
from hivecheck.world.requests.credentials import CREDENTIALS, credential
from hivecheck.world.requests.hostile import CHAT, Attack, RequestHead

PAGES = ("/health", "/ready", "/info", "/metrics")
BODY = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
# Places where a key does not belong, and where whoever refuses it may be tempted to quote it.
MISPLACED: dict[str, Attack] = {
    "a key in a header that is too long": lambda by: RawRequest(by.post(b"", "Authorization: Bearer " + by.key + "y" * 9000)),
    "a key in a broken header": lambda by: RawRequest(by.post(b"", more=b"Authorization Bearer \x00" + by.key.encode() + b"\r\n")),
    "a key without its scheme": lambda by: RawRequest(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: {by.key}\r\n\r\n".encode()),
    "a key in a method": lambda by: RawRequest(f"{by.key} / HTTP/1.1\r\nHost: x\r\n\r\n".encode()),
    "a key in other headers": lambda by: RawRequest(by.post(b"{", f"X-Api-Key: {by.key}", f"Cookie: key={by.key}")),
}


@dataclass
class Secrecy:
    """Uses every credential, right, wrong and misplaced; then looks for them."""

    stack: Stack
    gateway: OpenAIClient
    intruders: RawClient
    history: History

    def use_every_credential(self) -> None:
        """One chat with each, each refused or answered; and each place where a key does not belong."""
        keys = [key for words in CREDENTIALS if (key := credential(words, self.stack.secrets))]
        calls = [self.gateway.start(Request(CHAT, "model-a", BODY, key, purpose="credential")) for key in keys]
        eventually(lambda: all(call.is_done for call in calls), within=self.stack.timeouts.request, what="every credential used")
        if odd := [call.operation.sentence() for call in calls if call.operation.status is None]:
            raise InconclusiveError(f"expected: an answer to every credential\nactual: {odd}")
        for words, make in MISPLACED.items():
            self.intruders.send("misplaced", words, make(RequestHead("misplaced", self.stack.secrets.keys["tester"])))
        self._await_logs(calls)

    def must_not_show(self) -> None:
        """No key, token or secret of the stack is anywhere but in the configuration it was given by."""
        found = [f"{place} has {name}" for place, text in self._places() for name, value in self._secrets().items() if value in text]
        assert not found, f"expected: no key or token in any log, journal, page, answer or report\nactual: {found}"

    def _secrets(self) -> dict[str, str]:
        """By a name that can be shown."""
        secrets = self.stack.secrets
        named = {f"the key of {name}": key for name, key in secrets.keys.items()}
        named |= {"a wrong key": credential("a wrong key", secrets) or "", "the cluster's token": secrets.token}
        named |= {f"token {number} of a client": token for number, token in enumerate(secrets.minted)}
        return named | {"the JWT secret": secrets.jwt_secret}

    def _places(self) -> Iterator[tuple[str, str]]:
        for name, node in self.stack.nodes.items():
            yield f"{name}'s log", "\n".join(node.log_lines())
            for file in node.files("**/*"):
                yield f"{name}'s file {file}", node.read_file(file).decode(errors="replace")
            client = ControlClient(node.url, self.stack.secrets.token)
            for page in PAGES:
                yield f"{name}'s {page}", client.text(page)
            client.close()
        yield "the report", "\n".join(map(repr, [*self.history.operations(None), *self.history.events()]))

    def _await_logs(self, calls: list[PendingRequest]) -> None:
        """What was done has been written down: then what is not there will not come."""
        expected = {call.operation.id for call in calls}

        def missing() -> set[str]:
            text = "\n".join(line for node in self.stack.nodes.values() if node.service == "orchestrator" for line in node.log_lines())
            return {identifier for identifier in expected if identifier not in text}

        eventually(missing, within=self.stack.timeouts.settling, what="the gateway's log tells of every call", until=lambda ids: not ids)
