"""Command lines for programs that run inside a node. Each program is one file in a folder `programs/`. Its text is an argument.

So a node needs neither hivecheck nor a mount, as with the netagent (`netagent/bundle.py`).
"""

from __future__ import annotations

from pathlib import Path

# -I and -S: no site packages and no environment. The programs need the standard library only, and the start takes half the time.
PYTHON_OPTIONS = ("-I", "-S", "-c")


def python_command(program: Path, *arguments: str, interpreter: str = "python3") -> list[str]:
    """Run a Python program with these arguments. Its `__name__` is `__main__`."""
    return [interpreter, *PYTHON_OPTIONS, program.read_text(encoding="utf-8"), *arguments]


def shell_command(program: Path, *arguments: str) -> list[str]:
    """Run a program of the plain shell. For places where a Python interpreter would change what is measured."""
    return ["sh", "-c", program.read_text(encoding="utf-8"), "sh", *arguments]
