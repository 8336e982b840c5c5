"""The netagent is one program that needs Python only."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from hivecheck.netagent import bundle


def test_unprivileged() -> None:
    """Without the privilege for packets the program reports an error in one line."""
    unprivileged = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    command = [*unprivileged, os.path.realpath(sys.executable), *bundle.command("hivecheck-test")[1:]]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["error"].startswith(("PermissionError", "OSError")), done.stdout
