"""The catalogue file of a hive: its content, and how the hive handles a damaged one. Reads the SQLite file itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.database.corruption import HEADER_BYTES, DatabaseCorruption
from hivecheck.faults.injector import Injector
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import counted, figures, listed, plain
from hivecheck.world.cluster.models import Models
from hivecheck.world.requests.chats import Chats

CATALOGUE = "catalogue.db"
NEVER_FETCHED = "model-late"
HEALTHY, DEGRADED = "healthy", "degraded, and so is the hive"
INTACT, DOWNLOADED = "exactly the models with an intact row", "every downloaded model on disk"


@dataclass
class Catalogues:
    """`fetched`: hive -> the models that it downloaded for the scenario."""

    stack: Stack
    history: History
    models: Models
    clients: Chats
    injector: Injector
    fetched: dict[str, list[str]] = field(default_factory=dict)

    def fetch(self, hive: str, count: int) -> None:
        """The hive downloads the first models of the hub and starts no worker of them."""
        offered = eventually(self.models.hub.offers, within=self.stack.timeouts.node_ready, what="the hub's offers")
        names = sorted(model for model in offered if model != NEVER_FETCHED)[:count]
        if len(names) < count:
            raise InconclusiveError(
                f"expected: {counted(count, 'model', 'models')} to download\nactual: the hub offers {listed(sorted(offered))}"
            )
        for name in names:
            self.models.bring(name, hive, serve=False)
        within = self.stack.timeouts.download
        must_eventually(lambda: self._ready(hive), within=within, what=f"{listed(names)} at {hive}", until=lambda ready: ready == names)
        self.fetched[hive] = names

    def must_be_moved_aside(self, hive: str) -> None:
        """The hive logs the damage, names the file in `/health` and keeps its bytes unchanged."""
        self._await_answer(hive)

        def aside() -> str | None:
            path: str | None = self.stack.hives[hive].health()["catalogue"]["moved_aside"]
            return path

        named = must_eventually(aside, within=self.stack.timeouts.damage_detection, what=f"{hive} moves its catalogue aside") or ""
        node = self.stack.nodes[hive]
        files = node.files(f"{CATALOGUE}.damaged-*")
        assert [Path(named).name] == files, f"expected: {named} as the one file moved aside\nactual: {listed(files)}"
        # A person may still recover rows from the damaged file, so the hive must not repair it in place.
        kept = node.read_file(files[0])
        difference = counted(len(kept), "other byte")
        assert kept == self._damage(hive).left, f"expected: the damaged catalogue as it was\nactual: {difference}"

        # The health report may be here before the log line, which passes through the container engine.
        def logged() -> bool:
            self.models.checker.observe()
            return any(line.data.get("event") == "database_damaged" for line in self.history.events("log", hive))

        must_eventually(logged, within=self.stack.timeouts.settling, what=f"{hive} logs the damage")

    def must_be(self, hive: str, health: str) -> None:
        """The catalogue is `HEALTHY`, or `DEGRADED` together with its hive."""
        {HEALTHY: self._must_be_healthy, DEGRADED: self._must_degrade}[health](hive)

    def must_hold(self, hive: str, content: str) -> None:
        """The catalogue holds the `INTACT` models and no other one, or all `DOWNLOADED` ones on its disk."""
        {INTACT: self._must_have_kept, DOWNLOADED: self._must_hold_everything}[content](hive)

    def _must_have_kept(self, hive: str) -> None:
        """Exactly the models with an intact row in the damaged file are ready."""
        damage = self._damage(hive)
        # Header and length hold no row. What SQLite finds with the former ones in their place was intact.
        rest = damage.left[HEADER_BYTES:].ljust(len(damage.sound) - HEADER_BYTES, b"\0")
        whole = sorted(_still_there(damage.sound[:HEADER_BYTES] + rest, damage.sound))
        if not whole:
            raise InconclusiveError("expected: an intact row in the damaged catalogue\nactual: none")
        ready = self._ready(hive)
        assert ready == whole, f"expected: {listed(whole)} ready at {hive}\nactual: {listed(ready)}"
        for name in whole:
            offered = self.models.file_sha256(hive, name)
            report = self.stack.hives[hive].catalogue()[name]["sha256"]
            assert offered == report, f"expected: {name} with the checksum of its file, {offered}\nactual: {report}"

    def _must_hold_everything(self, hive: str) -> None:
        """The catalogue file is readable and lists every downloaded model as ready."""

        def stored() -> list[str]:
            # mode=ro: a plain connect would create a missing file, and the hive would later find it.
            with closing(sqlite3.connect(f"file:{self._path(hive)}?mode=ro", uri=True)) as connection:
                try:
                    rows = connection.execute("SELECT model FROM models WHERE state = 'ready' ORDER BY model").fetchall()
                except sqlite3.Error as error:
                    return [f"{error}"]
            return [str(name) for (name,) in rows]

        within = self.stack.timeouts.damage_detection
        must_eventually(stored, within=within, what=f"{listed(self.fetched[hive])} on disk", until=lambda rows: rows == self.fetched[hive])

    def must_be_kept_in_place(self, hive: str) -> None:
        """The hive reports the unreadable catalogue as degraded, with a reason, and leaves its bytes unchanged."""
        now = self._path(hive).read_bytes()
        assert now == self._damage(hive).left, f"expected: the unreadable catalogue as it was\nactual: {plain(now[:32])}..."
        report = self.stack.hives[hive].health()["catalogue"]
        assert report["status"] == "degraded" and report["error"], (
            f"expected: a degraded catalogue, with the reason\nactual: {figures(report)}"
        )

    def _must_be_healthy(self, hive: str) -> None:
        """The hive reports its catalogue as healthy, whatever the state of its workers."""
        report = self.stack.hives[hive].health()["catalogue"]
        assert (report["status"], report["error"]) == ("healthy", None), f"expected: a healthy catalogue\nactual: {figures(report)}"

    def _must_degrade(self, hive: str) -> None:
        """The hive reports its catalogue and itself as degraded, and its workers as alive."""

        def report() -> tuple[str, str, set[str]]:
            body = self.stack.hives[hive].health()
            return body["status"], body["catalogue"]["status"], {worker["state"] for worker in body["workers"].values()}

        self._await_answer(hive)
        # One read for all three, because a hive that is degraded for its workers would satisfy the first value alone.
        expected = ("degraded", "degraded", {"alive"})
        must_eventually(report, within=self.stack.timeouts.stack_ready, what=f"{hive} degraded", until=lambda value: value == expected)

    def must_take_new_models(self, hive: str) -> None:
        """The hive downloads a model for the first time, and a client gets an answer of it."""
        eventually(self.models.hub.offers, within=self.stack.timeouts.node_ready, what="the hub's offers")
        self.models.bring(NEVER_FETCHED, hive)
        self.clients.must_be_offered(NEVER_FETCHED, is_offered=True, within=self.stack.timeouts.download)
        answer = self.clients.ask(NEVER_FETCHED).operation
        assert answer.is_answered, f"expected: a client served {NEVER_FETCHED}\nactual: {answer.sentence()}"
        assert self._state(hive, NEVER_FETCHED) == "ready", (
            f"expected: {NEVER_FETCHED} ready\nactual: {figures(self.stack.hives[hive].catalogue())}"
        )
        self.fetched[hive] = sorted([*self.fetched.get(hive, []), NEVER_FETCHED])

    def _damage(self, hive: str) -> DatabaseCorruption:
        """The last corruption that was injected into the hive's catalogue."""
        found = [
            injection.fault
            for injection in self.injector.injections
            if injection.is_on(hive) and isinstance(injection.fault, DatabaseCorruption)
        ]
        if not found:
            raise InconclusiveError(
                f"expected: damage to the catalogue of {hive}\nactual: {listed(one.sentence() for one in self.injector.injections)}"
            )
        return found[-1]

    def _await_answer(self, hive: str) -> None:
        """Wait for a hive that may just have been started again."""
        eventually(self.stack.hives[hive].health, within=self.stack.timeouts.node_ready, what=f"{hive} answers")

    def _ready(self, hive: str) -> list[str]:
        return sorted(name for name, view in self.stack.hives[hive].catalogue().items() if view["state"] == "ready")

    def _state(self, hive: str, model: str) -> str | None:
        return self.stack.hives[hive].catalogue().get(model, {}).get("state")

    def _path(self, hive: str) -> Path:
        path = self.stack.nodes[hive].path_of(CATALOGUE)
        if path is None:
            raise ClientError("expected: a catalogue file on this machine\nactual: none")
        return path


def _still_there(data: bytes, sound: bytes) -> list[str]:
    """The models that SQLite finds in these bytes by the row numbers of the ready models in `sound`."""
    found = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / CATALOGUE
        path.write_bytes(sound)
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT rowid, model FROM models WHERE state = 'ready'").fetchall()
        path.write_bytes(data)
        # By rowid and with a connection for each row. A scan ends at the first damaged page and hides the intact rows behind it.
        for number, model in rows:
            with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.DatabaseError):
                found += [name for (name,) in connection.execute("SELECT model FROM models WHERE rowid = ?", (number,)) if name == model]
    return found
