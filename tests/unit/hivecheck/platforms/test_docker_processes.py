"""What is made of a look at the processes of a container."""

from hivecheck.platforms.docker.docker_platform import process_views
from hivecheck.platforms.platform import ProcessView

LOOK = """1 (docker-init) S 0 1 1 0
7 (python3 -m (x)) R 1 7 7 0
9 (gone) Z 7 7 7 0

==> /proc/1/cmdline <==
/sbin/docker-init\0--\0python3\0
==> /proc/7/cmdline <==
python3\0-m\0services.hive\0"""


def test_process_view() -> None:
    """Each process has parent, state and command, whatever its name is."""
    assert process_views(LOOK) == [
        ProcessView(1, 0, "S", "/sbin/docker-init -- python3"),
        ProcessView(7, 1, "R", "python3 -m services.hive"),
        ProcessView(9, 7, "Z", ""),
    ]


def test_exited_container() -> None:
    """A container that has just exited has no processes."""
    assert process_views("cannot exec in a stopped state: unknown\r\n") == []
