"""Ways to break a stack. One file a fault; a row in FAULTS makes it `When <fault> strikes <target>`."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.faults.container.network_disconnect import NetworkDisconnect
from hivecheck.faults.container.pause import ContainerPause
from hivecheck.faults.container.restart import Restart
from hivecheck.faults.database.corruption import damages
from hivecheck.faults.database.database import DatabaseLock, DatabaseReplacement, file_limits
from hivecheck.faults.fault import Fault
from hivecheck.faults.model_hub import source_faults
from hivecheck.faults.network.packets import interferences
from hivecheck.faults.network.silent_crash import SilentCrash
from hivecheck.faults.process.gray_failure import GrayFailure
from hivecheck.faults.process.pause import ProcessPause
from hivecheck.faults.process.signals import kill, termination
from hivecheck.faults.resources.connection_exhaustion import ConnectionExhaustion
from hivecheck.faults.resources.cpu_throttling import CpuThrottling
from hivecheck.faults.resources.full_disk import FullDisk
from hivecheck.faults.resources.memory_pressure import MemoryPressure
from hivecheck.faults.resources.oom_kill import OomKill

# Family -> words as Gherkin says them -> the fault, made anew for each strike. What it takes is told by its `needs`.
FAMILIES: dict[str, dict[str, Callable[[], Fault]]] = {
    "Processes": {
        "a SIGKILL": kill,
        "a SIGTERM": termination,
        "a restart": Restart,
        "a process pause": ProcessPause,
        "a gray failure": GrayFailure,
    },
    "Nodes": {
        "a container pause": ContainerPause,
        "a network disconnect": NetworkDisconnect,
        "a silent crash": SilentCrash,
    },
    "Memory, processor time, descriptors and disks": {
        "an OOM kill": OomKill,
        "memory pressure at 95 %": MemoryPressure,
        "CPU throttling": CpuThrottling,
        "connection exhaustion": ConnectionExhaustion,
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
