"""The registry's database, read from outside while the registry runs, and compared with what the registry lists."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.faults.database.corruption import HEADER_BYTES
from hivecheck.platforms.node_program import python_command
from hivecheck.stack.stack import Stack
from hivecheck.waiting import consistently, must_eventually
from hivecheck.wording import figures, listed

REGISTRY = "registry"
DATABASE = "registry.db"
# 40 looks at intervals of 20 ms take 0.8 s. The registry tries a failed write again every 0.25 s, so it tries in vain meanwhile.
LOOKS = 40
STORED_ENTRIES = Path(__file__).parent / "programs" / "stored_entries.py"


@dataclass
class RegistryDatabase:
    """`database_errors` is the registry's count of database faults when its database last agreed with its list."""

    stack: Stack
    database_errors: int = 0

    def must_agree(self, within: float) -> None:
        """The database holds exactly what the registry lists: ids, epochs, addresses, models, status."""

        def difference() -> dict[str, Any]:
            listed, stored = self._listed(), self._stored()
            names = sorted(set(listed) | set(stored))
            return {name: (listed.get(name), stored.get(name)) for name in names if listed.get(name) != stored.get(name)}

        what = "what the registry lists and what it has stored agree; if not, those that differ as (listed, stored)"
        must_eventually(difference, within=within, what=what, until=lambda value: not value)
        self.database_errors = int(self._info()["database_errors"])

    def must_be_noticed(self, within: float) -> None:
        """The registry has counted a fault of its database since the two last agreed."""
        counted = self.database_errors
        must_eventually(
            lambda: int(self._info()["database_errors"]),
            within=within,
            what=f"database faults counted by the registry: more than {counted}",
            until=lambda count: count > counted,
        )

    def must_hold_back(self, name: str) -> None:
        """The service is listed and queued for the database. The database lacks it, and the registry is degraded."""
        services, health = self._listed(), self.stack.registry.get("/health")
        assert name in services, f"expected: {name} listed by the registry\nactual: {listed(sorted(services))}"
        assert health["status"] == "degraded", f"expected: the registry degraded\nactual: {figures(health)}"
        consistently(lambda: self._info()["database_pending"], times=LOOKS, what=f"{name} queued for the database", holds=lambda n: n >= 1)
        stored = self._stored()
        assert name not in stored, f"expected: {name} not stored while nothing can be\nactual: {listed(sorted(stored))}"

    def must_be_moved_aside(self) -> None:
        """The registry names the file in `/info`, and the file holds the data of the zeroed database."""
        node = self.stack.nodes[REGISTRY]
        named, files = self._info().get("database_moved_aside"), node.files(f"{DATABASE}.damaged-*")
        assert named and files, f"expected: the damaged database moved aside and named\nactual: named {named}, files {listed(files)}"
        kept = node.read_file(files[-1])
        is_kept = kept[:HEADER_BYTES] == bytes(HEADER_BYTES)
        assert named.endswith(files[-1]) and is_kept, (
            f"expected: {named} with the damaged data\nactual: {listed(files)}, which begins with {kept[:16].hex()}"
        )

    def delete(self) -> None:
        """Delete the database of the stopped registry. Raises ClientError when it runs, or when its files are not on this machine."""
        node = self.stack.nodes[REGISTRY]
        path = node.path_of(DATABASE)
        if path is None or node.is_running():
            raise ClientError("expected: a stopped registry with its database on this machine\nactual: no such registry")
        # The write-ahead log and its index go too: SQLite would replay an old log into a new database
        # (sqlite.org/howtocorrupt.html).
        for part in path.parent.glob(f"{DATABASE}*"):
            part.unlink()

    def _info(self) -> dict[str, Any]:
        return dict(self.stack.registry.get("/info"))

    def _listed(self) -> dict[str, tuple[Any, ...]]:
        return {name: _facts(entry, entry) for name, entry in self.stack.registry.services(status="all").items()}

    def _stored(self) -> dict[str, tuple[Any, ...]]:
        done = self.stack.nodes[REGISTRY].run(python_command(STORED_ENTRIES, f"data/{DATABASE}", f"/data/{DATABASE}"))
        if done.exit_code:
            raise ClientError(f"The registry's database could not be read: {done.output.strip()}")
        return {name: _facts(row["registration"], row) for name, row in json.loads(done.output).items()}


def _facts(report: dict[str, Any], kept: dict[str, Any]) -> tuple[Any, ...]:
    return report["epoch"], report["url"], tuple(report.get("models", ())), kept["status"]
