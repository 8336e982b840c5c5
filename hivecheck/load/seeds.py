"""Random numbers of one request: a function of the run's seed and the request's number, so shards change nothing. Pure."""

from __future__ import annotations

import random
from hashlib import blake2b


def digest(seed: int, number: int, purpose: str) -> bytes:
    """64 random bytes of a request. Each purpose has bytes of its own."""
    return blake2b(f"{seed}/{number}/{purpose}".encode()).digest()


def share(seed: int, number: int, purpose: str) -> float:
    """A random number from 0 to below 1."""
    # 53 bits, because the quotient of 64 bits can round up to 1.
    return (int.from_bytes(digest(seed, number, purpose)[:8], "big") >> 11) * 2.0**-53


def generator(seed: int, number: int, purpose: str) -> random.Random:
    """A generator for distributions that draw more than one number."""
    return random.Random(digest(seed, number, purpose))
