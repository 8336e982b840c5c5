"""Identifies the running source by a hash of the package's files. `/info` reports it, so a test can detect an outdated build."""

from __future__ import annotations

import hashlib
from pathlib import Path


def source_hash(root: Path | None = None) -> str:
    """16 hex digits over path and content of every Python file below `root` (default: this package)."""
    root = root or Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
