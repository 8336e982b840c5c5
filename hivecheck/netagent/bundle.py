"""The netagent as one program for `python3 -c`: no mount, no build, and any image with Python and iptables."""

from __future__ import annotations

from pathlib import Path

PARTS = ("packet_queue", "treatment", "chain", "agent")  # each imports only those before it
LOADER = """
import sys, types
for name, source in {parts!r}:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
module.main(sys.argv[1])
"""


def command(chain: str) -> list[str]:
    """The command for the side-car. Without site packages and environment it starts quickly."""
    folder = Path(__file__).parent
    parts = [(f"{__package__}.{part}", (folder / f"{part}.py").read_text(encoding="utf-8")) for part in PARTS]
    return ["python3", "-I", "-S", "-c", LOADER.format(parts=parts), chain]
