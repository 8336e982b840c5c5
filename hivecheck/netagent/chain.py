"""The one iptables chain of a run in this network namespace. It sends the packets of some peers to the queue. Part of the netagent."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

VARIANTS = ("iptables-nft", "iptables-legacy")  # tried in turn, because kernels differ in which one works
HOOKS = ("INPUT", "OUTPUT")


class Chain:
    """Without a netagent at the queue the kernel accepts packets (`--queue-bypass`), so a killed netagent leaves no fault."""

    def __init__(self, name: str, queue: int) -> None:
        self.name = name
        self._queue = queue
        self._is_there = False
        for self.variant in VARIANTS:
            code, table = _run([f"{self.variant}-save", "-t", "mangle"])
            if code == 0:
                break
        if f":{name} " in table:  # left by a killed netagent
            self._is_there = True
            self.remove()

    def direct(self, peers: Iterable[str]) -> None:
        """From now on the queue receives exactly the packets to and from these addresses."""
        lines = [f":{self.name} - [0:0]"]  # creates or empties the chain
        if not self._is_there:
            lines += [f"-I {hook} -j {self.name}" for hook in HOOKS]
        to_queue = f"-j NFQUEUE --queue-num {self._queue} --queue-bypass"
        lines += [f"-A {self.name} {side} {peer} {to_queue}" for peer in sorted(peers) for side in ("-s", "-d")]
        self._restore(lines)
        self._is_there = True

    def remove(self) -> None:
        """Harmless without a chain."""
        if self._is_there:
            self._restore([*(f"-D {hook} -j {self.name}" for hook in HOOKS), f"-F {self.name}", f"-X {self.name}"])
            self._is_there = False

    def left(self) -> list[str]:
        """The lines of the kernel's table that belong to this chain."""
        return [line for line in _run([f"{self.variant}-save", "-t", "mangle"])[1].splitlines() if self.name in line]

    def _restore(self, lines: list[str]) -> None:
        code, output = _run([f"{self.variant}-restore", "--noflush"], "\n".join(["*mangle", *lines, "COMMIT", ""]))
        if code:
            raise OSError(f"{self.variant}-restore refuses {lines}: {output.strip()}")


def _run(command: list[str], text: str = "") -> tuple[int, str]:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout + done.stderr
