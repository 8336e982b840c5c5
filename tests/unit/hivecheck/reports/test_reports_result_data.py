"""Reading result.json back."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivecheck.errors import ReportError
from hivecheck.reports.result_data import FORMAT, read


def test_newer_format_is_refused(tmp_path: Path) -> None:
    """A result of a newer format is refused with both numbers."""
    path = tmp_path / "result.json"
    path.write_text(f'{{"format": {FORMAT + 1}}}')
    with pytest.raises(ReportError, match=rf"has format {FORMAT + 1}, and this hivecheck reads formats up to {FORMAT}"):
        read(path)


@pytest.mark.parametrize("text", [f'{{"format": {FORMAT}}}', "{}"])
def test_known_format_is_read(tmp_path: Path, text: str) -> None:
    """A result of this format, or of the first one without a number, is read."""
    path = tmp_path / "result.json"
    path.write_text(text)
    assert isinstance(read(path), dict)


def test_missing_result_is_empty(tmp_path: Path) -> None:
    """A missing file has no content."""
    assert read(tmp_path / "result.json") == {}
