"""Ways to break a stack. One file a fault; a row in FAULTS makes it `When <fault> strikes <target>`."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.faults.container.network_disconnect import Disconnection
from hivecheck.faults.container.pause import Freeze
from hivecheck.faults.container.restart import Restart
from hivecheck.faults.database.corruption import damages
from hivecheck.faults.database.database import DatabaseLock, DatabaseReplacement, file_limits
from hivecheck.faults.fault import Fault
from hivecheck.faults.model_hub import source_faults
from hivecheck.faults.network.packets import interferences
from hivecheck.faults.network.silent_crash import HalfOpen
from hivecheck.faults.process.gray_failure import Lie
from hivecheck.faults.process.pause import Wedge
from hivecheck.faults.process.signals import kill, termination
from hivecheck.faults.resources.connection_exhaustion import Hoard
from hivecheck.faults.resources.cpu_throttling import Starvation
from hivecheck.faults.resources.full_disk import FullDisk
from hivecheck.faults.resources.memory_pressure import Shortage
from hivecheck.faults.resources.oom_kill import Exhaustion

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
