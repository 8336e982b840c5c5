"""The programs of faults, run as in a node: from their text, with the standard library only."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hivecheck.errors import ClientError
from hivecheck.faults import programs
from hivecheck.faults.database.file import run_here
from hivecheck.faults.programs.database_replacement import MARK
from hivecheck.faults.programs.gray_failure import HEALTH_CHECKS, NO_ANSWER, NO_PORT, OK
from hivecheck.faults.resources import memory
from hivecheck.platforms.node_program import python_command, shell_command
from hivecheck.platforms.ports import PortReservation
from hivecheck.waiting import eventually

SECONDS = 20
LOCK = programs.DATABASE_LOCK
# A worker in a few lines. With `hangs` it answers no chat after an order, until the reset. Its arguments name its ports, as a worker's do.
WORKER = """
import http.server, sys, threading, time
ports = dict(argument.split("=") for argument in sys.argv[1:])
hangs = False
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def do_POST(self):
        global hangs
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/admin/faults":
            hangs = ports.get("hangs") == "yes"
        elif self.path == "/admin/reset":
            hangs = False
        elif hangs:
            time.sleep(5)
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
for name in ("port", "admin_port"):
    if name in ports:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(ports[name])), Handler)
        threading.Thread(target=server.serve_forever).start()
print("ready", flush=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "rows.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY)")
    return path


@pytest.fixture
def unused_ports() -> Iterator[tuple[int, int]]:
    held = PortReservation(), PortReservation()
    yield held[0].port, held[1].port
    for each in held:
        each.release()


@contextmanager
def worker(**ports: object) -> Iterator[int]:
    """The process id of a worker that listens on these ports."""
    arguments = [f"{name}={value}" for name, value in ports.items()]
    with subprocess.Popen([sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process.pid
        process.kill()


def run(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=folder)


def numbers(command: str, pid: int, seconds: float, order: str = "") -> list[float]:
    arguments = [command, str(pid), "token", str(seconds), "{}", order]
    result = run(python_command(programs.GRAY_FAILURE, *arguments, interpreter=sys.executable))
    assert result.returncode == 0, result.stderr
    return [float(word) for word in result.stdout.split()]


def test_gray_failure(unused_ports: tuple[int, int]) -> None:
    """After the order a chat has no answer and the health checks succeed. After the reset both are answered."""
    port, admin_port = unused_ports
    with worker(port=port, admin_port=admin_port, hangs="yes") as pid:
        order, patience, chat, *health_checks = numbers("inject", pid, 0.5, "{}")
        assert (order, chat, health_checks) == (OK, NO_ANSWER, [OK] * HEALTH_CHECKS)
        assert 0.1 <= patience <= 5
        assert numbers("observe", pid, 0.2)[1:] == [NO_ANSWER, *[OK] * HEALTH_CHECKS]
        assert numbers("remove", pid, 2.0) == [OK, OK, OK]
        assert numbers("answers", pid, 2.0) == [OK, OK]


def test_gray_failure_of_healthy_worker(unused_ports: tuple[int, int]) -> None:
    """A worker that ignores its order answers the chat."""
    port, admin_port = unused_ports
    with worker(port=port, admin_port=admin_port) as pid:
        assert numbers("inject", pid, 0.5, "{}")[2] == OK


def test_gray_failure_without_admin_port(unused_ports: tuple[int, int]) -> None:
    """A worker without an admin listener is reported as such."""
    with worker(port=unused_ports[0]) as pid:
        assert numbers("inject", pid, 0.5, "{}") == [NO_PORT]
        assert numbers("remove", pid, 0.5) == [NO_PORT]


def test_chat_needs_port(unused_ports: tuple[int, int]) -> None:
    """A chat reaches the port on the command line, and a process without one is reported as such."""
    with worker(port=unused_ports[0]) as listening, worker(closed=1) as other:
        assert numbers("answers", listening, 2.0) == [OK, OK]
        assert numbers("answers", other, 0.5) == [NO_PORT, NO_PORT]


def test_database_lock(database: Path) -> None:
    """The holder keeps the write lock until it is freed; reads succeed meanwhile."""
    assert run_here(database, LOCK, "holder", "0") == "0"
    holder = run_here(database, LOCK, "lock", "0")
    assert run_here(database, LOCK, "holder", "0") == holder
    with closing(sqlite3.connect(database, timeout=0.0, isolation_level=None)) as connection:
        assert connection.execute("SELECT count(*) FROM rows").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("INSERT INTO rows DEFAULT VALUES")
        run_here(database, LOCK, "free", holder)
        connection.execute("INSERT INTO rows DEFAULT VALUES")
    assert run_here(database, LOCK, "holder", "0") == "0"
    assert not list(database.parent.glob("*.free"))


def test_database_lock_without_log(tmp_path: Path) -> None:
    """The holder of a database without a write-ahead log is found, too."""
    path = tmp_path / "plain.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY)")
    holder = run_here(path, LOCK, "lock", "0")
    assert run_here(path, LOCK, "holder", "0") == holder
    run_here(path, LOCK, "free", holder)


def test_database_lock_of_no_file(tmp_path: Path) -> None:
    """A missing database is a ClientError that names the program."""
    with pytest.raises(ClientError, match=r"expected: database_lock.py succeeds"):
        run_here(tmp_path / "none.db", LOCK, "holder", "0")


def test_database_replacement(database: Path) -> None:
    """Another file takes the name, and the journals are removed."""
    before = database.stat().st_ino
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("INSERT INTO rows DEFAULT VALUES")
        run_here(database, programs.DATABASE_REPLACEMENT)
    assert database.stat().st_ino != before
    assert MARK.encode() in database.read_bytes()
    assert not database.with_name("rows.db-wal").exists()


def test_full_disk_of_machine(tmp_path: Path) -> None:
    """A disk beyond the size limit is never filled."""
    (tmp_path / "data/models").mkdir(parents=True)
    result = run(python_command(programs.FULL_DISK, "fill", "1", "1", "1", interpreter=sys.executable), tmp_path)
    assert result.returncode == 1 and "is the machine's" in result.stderr
    assert list((tmp_path / "data/models").iterdir()) == []


def test_full_disk_without_models(tmp_path: Path) -> None:
    """A node without model files is refused."""
    result = run(python_command(programs.FULL_DISK, "measure", "1", "1", "1", interpreter=sys.executable), tmp_path)
    assert result.returncode == 1 and "keeps no model files" in result.stderr


def test_full_disk_cycle(tmp_path: Path) -> None:
    """The program fills the disk, reports it as filled, and frees it again."""
    (tmp_path / "data/models").mkdir(parents=True)

    def state(command: str) -> dict[str, object]:
        # No real disk is filled: all but one byte is left free.
        sizes = str(2**62), str(2**62), "1"
        result = run(python_command(programs.FULL_DISK, command, *sizes, interpreter=sys.executable), tmp_path)
        assert result.returncode == 0, result.stderr
        return dict(json.loads(result.stdout))

    assert [state(command)["is_filled"] for command in ("measure", "fill", "measure", "free")] == [False, True, True, False]
    assert state("measure")["refusal"] == ""
    assert list((tmp_path / "data/models").iterdir()) == []


def test_soft_limit() -> None:
    """The soft limit of another process changes, and the hard limit stays."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        arguments = [str(process.pid), str(resource.RLIMIT_NOFILE), "77"]
        result = run(python_command(programs.SOFT_LIMIT, *arguments, interpreter=sys.executable))
        assert result.returncode == 0, result.stderr
        eventually(lambda: resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (77, hard), within=5, what="the new limit")
        process.kill()


def test_control_file() -> None:
    """The program prints a control file of this machine, and nothing for an unknown name."""
    assert run(shell_command(programs.CONTROL_FILE, "no.such.file")).stdout == ""
    text = run(shell_command(programs.CONTROL_FILE, *memory.USED)).stdout.strip()
    assert text == "" or text.isdigit()  # the root of version 2 has no memory.current
