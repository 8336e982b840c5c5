"""Which faults chance may strike with, and whom; of every other one, why not. A row of FAULTS has its row in one of the two tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hivecheck.faults import FAULTS
from hivecheck.faults.database.corruption import DAMAGES
from hivecheck.faults.model_hub import source_faults
from hivecheck.faults.network.packets import CHANGES, PEERS

# Whom chance strikes: workers, of whom the first row takes any, and what stands behind them.
WORKER = "any worker"
OWN_NODE = "a worker that is a node of its own"
LIAR = "a worker that takes orders"
REGISTRY = "the registry"

_TALKED_TO = ("all nodes", "the orchestrator", "the hives")  # by workers that are nodes and by the registry, all the time
_BEGUN_BY_NONE = "SYN loss to"
_TOO_LITTLE_SAID = "a reset after 4096 bytes to the hives"

# Words as Gherkin says them -> who may be struck under a steady load. Each must bite whenever it is drawn, and clients must be answered
# as long as no more are faulty than is tolerated.
ELIGIBLE: Mapping[str, tuple[str, ...]] = {
    "a SIGKILL": (WORKER, REGISTRY),
    "a SIGTERM": (WORKER, REGISTRY),
    "a process pause": (WORKER, REGISTRY),
    "a gray failure": (LIAR,),
    "a container pause": (OWN_NODE, REGISTRY),
    "a network disconnect": (OWN_NODE, REGISTRY),
    "a silent crash": (OWN_NODE, REGISTRY),
    "a restart": (OWN_NODE, REGISTRY),
    "memory pressure at 95 %": (OWN_NODE, REGISTRY),
    "a lock on the database": (REGISTRY,),
    "a replacement of the database": (REGISTRY,),
    "a file write limit of 0 bytes": (REGISTRY,),
    **dict.fromkeys(DAMAGES, (REGISTRY,)),
    **{
        f"{change} {peers}": (OWN_NODE, REGISTRY)
        for change in CHANGES
        for peers in _TALKED_TO
        if change != _BEGUN_BY_NONE and f"{change} {peers}" != _TOO_LITTLE_SAID
    },
}

# Words -> why chance leaves it to scenarios that are made for it.
EXCLUDED: Mapping[str, str] = {
    "connection exhaustion": "a node without a cap of connections has promised nothing for that",
    # Tried: 3 requests a second, each some 3 ms of work, were not held back three times in 5 s.
    "CPU throttling": "who is struck works too little to be held back for sure",
    "an OOM kill": "it takes the memory of a whole hive, and the kernel may choose another worker of it",
    **dict.fromkeys([*source_faults(), "a full disk"], "no model is fetched under the load"),
    "a file write limit of 1 MiB": "who is struck writes no file that large",
    **{f"{change} {peers}": f"nobody who is struck talks to {peers}" for change in CHANGES for peers in PEERS if peers not in _TALKED_TO},
    **{f"{_BEGUN_BY_NONE} {peers}": "nobody who is struck begins connections" for peers in _TALKED_TO},
    _TOO_LITTLE_SAID: "too little is said to a hive for that to bite in time",
}


def possible(who: Collection[str], capabilities: Collection[str]) -> list[str]:
    """The faults that chance may strike somebody with who is all of `who`, where these are the powers."""
    return [words for words, injected in ELIGIBLE.items() if set(injected) & set(who) and FAULTS[words]().requires <= set(capabilities)]
