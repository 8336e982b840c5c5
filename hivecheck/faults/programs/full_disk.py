"""The disk of a node's model files: fill it, free it, or measure it.

Arguments: COMMAND LARGEST LEFT PROBED, in bytes. It prints JSON, and exits with a message for a disk that is not the node's own.
"""

from __future__ import annotations

import errno
import json
import os
import sys

FOLDERS = ("/data/models", "data/models")


def fill(filler: str, free_bytes: int, left_bytes: int) -> None:
    """Take all free bytes but `left_bytes`."""
    with open(filler, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free_bytes - left_bytes))


def size_and_free(folder: str) -> tuple[int, int]:
    """The bytes of the disk, and those that an unprivileged process can still take."""
    disk = os.statvfs(folder)
    return disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize


def refusal(probe: str, probed_bytes: int) -> str:
    """The name of the kernel's error for one more file of that size; empty when the kernel takes it."""
    try:
        with open(probe, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, probed_bytes)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    finally:
        os.unlink(probe)
    return ""


def main(command: str, largest: str, left: str, probed: str) -> None:
    """Run one command and print the state of the disk after it."""
    folder = next((path for path in FOLDERS if os.path.isdir(path)), None)
    if folder is None:
        sys.exit("the node keeps no model files")
    filler, probe = os.path.join(folder, ".filler"), os.path.join(folder, ".probe")
    size, free = size_and_free(folder)
    if size > int(largest):
        sys.exit(f"the disk of {size} bytes is the machine's")
    if command == "fill":
        fill(filler, free, int(left))
    elif command == "free" and os.path.exists(filler):
        os.unlink(filler)
    kernel_error = refusal(probe, int(probed))
    state = {"size": size, "free": size_and_free(folder)[1], "refusal": kernel_error, "is_filled": os.path.exists(filler)}
    print(json.dumps(state))


if __name__ == "__main__":
    main(*sys.argv[1:])
