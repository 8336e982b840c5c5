"""`hivecheck bench`."""

from __future__ import annotations

import pytest

from hivecheck.cli.main import main


@pytest.mark.parametrize(("benchmark", "expected"), [("gateway", "no options"), ("ledger", "--seed")])
def test_options_belong_to_load(benchmark: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that a benchmark does not have is refused before anything runs."""
    assert main(["bench", benchmark, "--only", "ours"]) == 2
    assert f"expected: {expected} for {benchmark}\nactual: --only" in capsys.readouterr().err
