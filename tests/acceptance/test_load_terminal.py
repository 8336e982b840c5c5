"""`hivecheck load` on a terminal of 80 columns: its live lines, and a ctrl-C from the keyboard."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hivecheck.load.calibration import truth_server
from hivecheck.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

START_SECONDS = 200.0  # for a busy machine
COLUMNS = 80
ROWS = 50
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[1-7]m")


class Terminal:
    """A command on a terminal of its own. `text` is everything that it wrote there."""

    def __init__(self, *words: str, **environment: str) -> None:
        self._keyboard, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        plain = {name: text for name, text in os.environ.items() if name not in ("CI", "NO_COLOR", "COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hivecheck.cli", *words],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            env=plain | {"TERM": "xterm"} | environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that ctrl-C reaches the command as a signal
        )
        os.close(screen)
        self.text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._keyboard, 65536)
            except OSError:  # the command has ended
                return
            self.text += piece.decode(errors="replace")

    def press(self, keys: bytes) -> None:
        os.write(self._keyboard, keys)

    def lines(self) -> list[str]:
        """What was drawn, line by line, without control sequences."""
        return re.split(r"[\r\n]+", CONTROL.sub("", self.text))

    def end(self) -> int:
        code = self.process.wait(START_SECONDS)
        self._reader.join()
        return code

    def clear(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._keyboard)


@pytest.fixture
def url() -> Iterator[str]:
    with truth_server(0.0, 0.0) as url:
        yield url


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["colours", "NO_COLOR"])
def test_interrupted_terminal(url: str, tmp_path: Path, environment: dict[str, str]) -> None:
    """The live lines and the table fit into 80 columns, and ctrl-C gives the report so far with exit code 2."""
    words = ["load", "--url", url, "--model", "m", "--rate", "20", "--duration", "600", "--no-calibration", "--lateness-limit", "3600"]
    terminal = Terminal(*words, "--slo", "error_rate<0.01", "--out", str(tmp_path / "out"), **environment)
    try:
        eventually(lambda: "own lateness p99" in terminal.text, within=START_SECONDS, what="a live line")
        terminal.press(b"\x03")
        assert terminal.end() == 2, terminal.text
    finally:
        terminal.clear()
    data = json.loads((tmp_path / "out" / "load.json").read_text())
    assert [reason["code"] for reason in data["invalid_reasons"]] == ["interrupted"]
    lines = terminal.lines()
    assert any(line.startswith("INVALID  1 of 1 objective met") for line in lines), terminal.text
    assert [line for line in lines if len(line.rstrip()) > COLUMNS and str(tmp_path) not in line] == []
    assert bool(COLOUR.search(terminal.text)) is not bool(environment)
