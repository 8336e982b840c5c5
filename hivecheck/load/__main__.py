"""`python -m hivecheck.load FOLDER`: one load run in a process of its own. The first line of its input is the plan.

The end of its input ends the process. So a run never outlives the harness that started it.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import metadata
from pathlib import Path

from hivecheck.errors import HivecheckError
from hivecheck.load import result, run
from hivecheck.load.plan import Plan

NO_RESULT = 2


def main(folder: Path) -> int:
    """Run the plan and write `load.json`. Exit codes: 0 written, valid or not; 2 no result, with the reason on stderr."""
    try:
        plan = Plan.from_json(sys.stdin.buffer.readline())
        threading.Thread(target=_end_with_input, name="hivecheck-load-input", daemon=True).start()
        measured = run.run(plan, os.environ.get(plan.key_variable, "") if plan.key_variable else "")
        judged = result.judge(plan, measured, version=metadata.version("hivecheck"), started_at=measured.started_at, calibration=None)
        result.write(judged, folder / result.RESULT_FILE)
    except HivecheckError as error:
        sys.stderr.write(f"{error}\n")
        return NO_RESULT
    return 0


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(NO_RESULT)


if __name__ == "__main__":
    # os._exit: the thread holds the lock of stdin, and the interpreter waits for that lock at its end.
    code = main(Path(sys.argv[1]))
    sys.stderr.flush()
    os._exit(code)
