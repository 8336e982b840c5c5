"""Ways to break a stack. One file a fault; a row in FAULTS makes the step `When <fault> is injected into <target>`."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.faults.container.network_disconnect import NetworkDisconnect
from hivecheck.faults.container.pause import ContainerPause
from hivecheck.faults.container.restart import Restart
from hivecheck.faults.database.corruption import corruptions
from hivecheck.faults.database.lock import DatabaseLock
from hivecheck.faults.database.replacement import DatabaseReplacement
from hivecheck.faults.fault import Fault
from hivecheck.faults.model_hub import model_hub_faults
from hivecheck.faults.network.packets import packet_faults
from hivecheck.faults.network.silent_crash import SilentCrash
from hivecheck.faults.process.file_limit import file_limits
from hivecheck.faults.process.gray_failure import contradictions
from hivecheck.faults.process.pause import ProcessPause
from hivecheck.faults.process.signals import sigkill, sigterm
from hivecheck.faults.resources.connection_exhaustion import ConnectionExhaustion
from hivecheck.faults.resources.cpu_throttling import CpuThrottling
from hivecheck.faults.resources.full_disk import FullDisk
from hivecheck.faults.resources.memory_pressure import MemoryPressure
from hivecheck.faults.resources.oom_kill import OomKill

# Family -> name in Gherkin -> the fault, made anew for each injection.
FAMILIES: dict[str, dict[str, Callable[[], Fault]]] = {
    "Processes": {
        "a SIGKILL": sigkill,
        "a SIGTERM": sigterm,
        "a restart": Restart,
        "a process pause": ProcessPause,
        **contradictions(),
    },
    "Nodes": {
        "a container pause": ContainerPause,
        "a network disconnect": NetworkDisconnect,
        "a silent crash": SilentCrash,
    },
    "Memory, CPU, descriptors and disks": {
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
        **corruptions(),
    },
    "The model hub": model_hub_faults(),
    "Packets": packet_faults(),
}
FAULTS = {name: make for rows in FAMILIES.values() for name, make in rows.items()}
