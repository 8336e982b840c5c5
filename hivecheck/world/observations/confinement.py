"""What a node's processes may do, as the kernel says it of them: asked in the node itself, never read from what was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.errors import ClientError
from hivecheck.platforms.platform import Node
from hivecheck.stack.stack import Stack

UNLIMITED = "max"
# cgroup v1 writes "no limit" as the greatest page-aligned number (kernel, mm/page_counter.c); nothing sensible comes near it.
UNLIMITED_BYTES = 1 << 60
# The files of cgroup v2 come first, then those of v1.
MEMORY_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
PLACES = ("/", "/app", "/usr")
PROCESS_FILES = ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max")


@dataclass
class Confinement:
    """Asks every node of the stack."""

    stack: Stack

    def must_be_unprivileged(self) -> None:
        """Each process: not root, no way to new privileges, no effective, permitted or bounding capability."""
        for node in self.stack.nodes.values():
            for status in _statuses(node):
                actual = {
                    "root": "0" in status["Uid"].split(),
                    "may gain privileges": status["NoNewPrivs"] != "1",
                    "capabilities": [status[name] for name in ("CapEff", "CapPrm", "CapBnd") if int(status[name], 16)],
                }
                assert not any(actual.values()), (
                    f"expected: {node.name}'s process {status['Pid']} unprivileged\nactual: {actual}: {status['Name']}"
                )

    def must_be_limited(self) -> None:
        """Its root file system refuses a write, and the kernel limits its memory and its number of processes."""
        for node in self.stack.nodes.values():
            done = node.run(["sh", "-c", f"for place in {' '.join(PLACES)}; do touch $place/written-by-a-test; done"])
            refused = done.output.count("Read-only file system")
            assert done.exit_code and refused == len(PLACES), f"expected: {node.name} cannot write to any of {PLACES}\nactual: {done}"
            memory, processes = _limit(node, MEMORY_FILES), _limit(node, PROCESS_FILES)
            assert memory and processes, (
                f"expected: limits on {node.name}'s memory and processes\nactual: {memory} bytes, {processes} processes"
            )


def _statuses(node: Node) -> list[dict[str, str]]:
    """/proc/<pid>/status of every process, as the node sees it (proc(5)). Raises ClientError when there is none."""
    done = node.run(["sh", "-c", "cat /proc/[0-9]*/status 2>/dev/null"])
    processes = [text for text in f"\n{done.output}".split("\nName:") if text.strip()]
    if not processes:
        raise ClientError(f"{node.name}: no process can be looked at there: {done.output.strip()}")
    lines = [[line.partition(":") for line in f"Name:{text}".splitlines()] for text in processes]
    return [{name: value.strip() for name, _, value in of_one} for of_one in lines]


def _limit(node: Node, files: tuple[str, ...]) -> int | None:
    """The first of these cgroup files that exists there; None for no limit."""
    done = node.run(["sh", "-c", f"cat {' '.join(files)} 2>/dev/null | head -n 1"])
    text = done.output.strip()
    if not text:
        raise ClientError(f"{node.name}: none of {', '.join(files)} can be read there")
    return None if text == UNLIMITED or int(text) >= UNLIMITED_BYTES else int(text)
