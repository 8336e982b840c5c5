"""The bytes of a model file: generated from its name on demand, and the same in every run. It stores nothing on disk."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from functools import cached_property

# The memory of a download is one block, whatever the size of the file.
BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Content:
    """One model file."""

    model: str
    size_bytes: int
    seed: int = 0

    @cached_property
    def sha256(self) -> str:
        """The checksum. The first call takes about 10 ms per MiB."""
        digest = hashlib.sha256()
        for place in range(0, self.size_bytes, BLOCK_BYTES):
            digest.update(self.read(place, BLOCK_BYTES))
        return digest.hexdigest()

    def read(self, start: int, count: int) -> bytes:
        """At most `count` bytes from `start` on, within one block."""
        number, offset = divmod(start, BLOCK_BYTES)
        # A generator for each block, so a resumed download starts anywhere without the bytes before it.
        block = random.Random(f"{self.seed} {self.model} {number}").randbytes(BLOCK_BYTES)
        return block[offset : offset + min(count, max(0, self.size_bytes - start))]
