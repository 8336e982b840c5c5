"""Sets a soft limit of another process. The hard limit stays.

Arguments: PID RESOURCE SOFT, all numbers.
"""

from __future__ import annotations

import resource
import sys


def main(pid: str, kind: str, soft: str) -> None:
    """Set the limit."""
    _, hard = resource.prlimit(int(pid), int(kind))
    resource.prlimit(int(pid), int(kind), (int(soft), hard))


if __name__ == "__main__":
    main(*sys.argv[1:])
