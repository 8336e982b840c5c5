"""Somebody who looks at the registry's database from outside while the registry runs, and compares the two."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.platforms.node_program import python_command
from hivecheck.stack.stack import Stack
from hivecheck.waiting import consistently, must_eventually

REGISTRY = "registry"
DATABASE = "registry.db"
LOOKS = 40  # more than the registry needs to try in vain to write it
STORED_ENTRIES = Path(__file__).parent / "programs" / "stored_entries.py"


@dataclass
class RegistryDatabase:
    """`troubles` is how many the registry had counted when it was last seen to have stored all that it lists."""

    stack: Stack
    troubles: int = 0

    def must_agree(self, within: float) -> None:
        """The database holds exactly what the registry lists: ids, epochs, addresses, models, status."""

        def difference() -> dict[str, Any]:
            listed, stored = self._listed(), self._stored()
            names = sorted(set(listed) | set(stored))
            return {name: (listed.get(name), stored.get(name)) for name in names if listed.get(name) != stored.get(name)}

        what = "what the registry lists and what it has stored agree; if not, those that differ as (listed, stored)"
        must_eventually(difference, within=within, what=what, until=lambda odd: not odd)
        self.troubles = int(self._info()["database_troubles"])

    def must_be_noticed(self, within: float) -> None:
        """The registry has counted a trouble with its database since it was last in order."""
        counted = self.troubles
        must_eventually(
            lambda: int(self._info()["database_troubles"]),
            within=within,
            what=f"more than {counted} troubles with its database told by the registry",
            until=lambda seen: seen > counted,
        )

    def must_hold_back(self, name: str) -> None:
        """It is listed, waits to be stored, and is not; and the registry says that it is not well."""
        listed, health = self._listed(), self.stack.registry.get("/health")
        assert name in listed, f"expected: {name} listed by the registry\nactual: {sorted(listed)}"
        assert health["status"] == "degraded", f"expected: the registry degraded\nactual: {health}"
        consistently(lambda: self._info()["database_pending"], times=LOOKS, what=f"{name} queued for the database", holds=lambda n: n >= 1)
        stored = self._stored()
        assert name not in stored, f"expected: {name} not stored while nothing can be\nactual: {sorted(stored)}"

    def _info(self) -> dict[str, Any]:
        return dict(self.stack.registry.get("/info"))

    def _listed(self) -> dict[str, tuple[Any, ...]]:
        return {name: _facts(entry, entry) for name, entry in self.stack.registry.services(status="all").items()}

    def _stored(self) -> dict[str, tuple[Any, ...]]:
        done = self.stack.nodes[REGISTRY].run(python_command(STORED_ENTRIES, f"data/{DATABASE}", f"/data/{DATABASE}"))
        if done.exit_code:
            raise ClientError(f"The registry's database could not be read: {done.output.strip()}")
        return {name: _facts(row["registration"], row) for name, row in json.loads(done.output).items()}


def _facts(said: dict[str, Any], kept: dict[str, Any]) -> tuple[Any, ...]:
    return said["epoch"], said["url"], tuple(said.get("models", ())), kept["status"]
