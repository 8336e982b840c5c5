"""The part of a node that is its data folder, where that is a folder of this machine."""

from __future__ import annotations

from pathlib import Path


class DataFolder:
    """A node that keeps its data in `data` below its own folder; what is read here is promised by `platform.Node`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"

    def files(self, pattern: str) -> list[str]:
        return sorted(path.relative_to(self._data).as_posix() for path in self._data.glob(pattern) if path.is_file())

    def path_of(self, relative: str) -> Path | None:
        return self._data / relative

    def read_file(self, relative: str, offset: int = 0) -> bytes:
        try:
            with (self._data / relative).open("rb") as file:
                file.seek(offset)
                return file.read()
        except FileNotFoundError:
            return b""
