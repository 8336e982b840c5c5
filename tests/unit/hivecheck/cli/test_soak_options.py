"""`hivecheck soak`: refusals before a stack starts, and the settings that it gives to the run."""

from __future__ import annotations

import pytest

from hivecheck.cli.main import main


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--minutes", "0"], "--minutes: 0.1 or more"),
        (["--rate", "900"], "--rate: 1 to 200"),
        (["--minutes", "0.5", "--random-faults", "10"], "so at most 3 here"),
        (["--topology", "smal"], "did you mean small?"),
        (["--topology", "small", "--random-faults", "1"], "3 workers or more"),
        (["--minutes", "600"], "so at most 83 minutes here"),
    ],
)
def test_bad_input_is_refused(capsys: pytest.CaptureFixture[str], options: list[str], words: str) -> None:
    """Bad input ends with exit code 2, and the message has what is possible."""
    assert main(["soak", *options]) == 2
    message = capsys.readouterr().err
    assert words in message and "next: " in message


def test_not_a_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A word in place of a number is refused by the parser."""
    with pytest.raises(SystemExit):
        main(["soak", "--minutes", "half"])
    assert "expected a number such as 0.5, not 'half'" in capsys.readouterr().err
