"""Ways to break a stack. One file a fault; a row in FAULTS makes it `When <fault> strikes <target>`."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.faults.damage import damages
from hivecheck.faults.database import DatabaseLock, DatabaseReplacement, FileLimit
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

# Words as Gherkin says them -> the fault, made anew for each strike. What it takes is told by its `needs`.
FAULTS: dict[str, Callable[[], Fault]] = {
    "a kill": kill,
    "a termination": termination,
    "a wedge": Wedge,
    "a lie": Lie,
    "a freeze": Freeze,
    "a disconnection": Disconnection,
    "a half-open death": HalfOpen,
    "a starvation of processor time": Starvation,
    "a restart": Restart,
    "a hoard of connections": Hoard,
    "an exhaustion of memory": Exhaustion,
    "memory at 95 %": Shortage,
    "a full disk": FullDisk,
    "a lock on the database": DatabaseLock,
    "a replacement of the database": DatabaseReplacement,
    "a limit of 0 bytes to files": FileLimit,
    **damages(),
    **source_faults(),
    **interferences(),
}
