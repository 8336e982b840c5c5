"""The hash of the source under test. A service reports the same hash in `/info` (services/source.py computes it)."""

from __future__ import annotations

import hashlib
from pathlib import Path


def source_hash(root: Path) -> str:
    """16 hex digits over path and content of every Python file below `root`."""
    # The rule of services/source.py, written twice on purpose: the harness imports no service.
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
