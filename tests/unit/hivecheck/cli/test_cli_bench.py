"""`hivecheck bench`."""

from __future__ import annotations

import pytest

from hivecheck.cli.main import main


def test_options_belong_to_load(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that a benchmark does not have is refused before anything runs."""
    assert main(["bench", "gateway", "--only", "ours"]) == 2
    assert "only load has these" in capsys.readouterr().err
