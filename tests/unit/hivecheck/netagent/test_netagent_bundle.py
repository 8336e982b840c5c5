"""The agent is one program that needs nothing but Python, and says in words what it lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from hivecheck.netagent import bundle


def test_the_program_runs_by_itself_and_refuses_in_one_line_where_it_may_not_touch_packets() -> None:
    unprivileged = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    command = [*unprivileged, os.path.realpath(sys.executable), *bundle.command("hivecheck-test")[1:]]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["error"].startswith(("PermissionError", "OSError")), done.stdout
