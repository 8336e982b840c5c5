"""Ways to break a stack. One file a fault; a row in FAULTS makes it `When <fault> strikes <target>`."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.faults.damage import damages
from hivecheck.faults.database import DatabaseLock, DatabaseReplacement, file_limits
from hivecheck.faults.disconnection import Disconnection
from hivecheck.faults.ending import kill, termination
from hivecheck.faults.exhaustion import Exhaustion
from hivecheck.faults.fault import Fault
from hivecheck.faults.freeze import Freeze
from hivecheck.faults.full_disk import FullDisk
from hivecheck.faults.half_open import HalfOpen
from hivecheck.faults.hoard import Hoard
from hivecheck.faults.interference import interferences
from hivecheck.faults.lie import Lie
from hivecheck.faults.model_source import source_faults
from hivecheck.faults.restart import Restart
from hivecheck.faults.shortage import Shortage
from hivecheck.faults.starvation import Starvation
from hivecheck.faults.wedge import Wedge

# Family -> words as Gherkin says them -> the fault, made anew for each strike. What it takes is told by its `needs`.
FAMILIES: dict[str, dict[str, Callable[[], Fault]]] = {
    "Processes": {
        "a kill": kill,
        "a termination": termination,
        "a restart": Restart,
        "a wedge": Wedge,
        "a lie": Lie,
    },
    "Nodes": {
        "a freeze": Freeze,
        "a disconnection": Disconnection,
        "a half-open death": HalfOpen,
    },
    "Memory, processor time, descriptors and disks": {
        "an exhaustion of memory": Exhaustion,
        "memory at 95 %": Shortage,
        "a starvation of processor time": Starvation,
        "a hoard of connections": Hoard,
        "a full disk": FullDisk,
    },
    "Databases": {
        "a lock on the database": DatabaseLock,
        "a replacement of the database": DatabaseReplacement,
        **file_limits(),
        **damages(),
    },
    "Model sources": source_faults(),
    "Packets": interferences(),
}
FAULTS = {words: make for rows in FAMILIES.values() for words, make in rows.items()}
