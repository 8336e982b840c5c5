"""Programs that run inside a node: standard library only, one file each. `platforms/node_program.py` ships them."""

from pathlib import Path

_FOLDER = Path(__file__).parent

GRAY_FAILURE = _FOLDER / "gray_failure.py"
DATABASE_LOCK = _FOLDER / "database_lock.py"
DATABASE_REPLACEMENT = _FOLDER / "database_replacement.py"
FULL_DISK = _FOLDER / "full_disk.py"
SOFT_LIMIT = _FOLDER / "soft_limit.py"
CONTROL_FILE = _FOLDER / "control_file.sh"
