"""The objectives of a load run as JUnit: a case each, and a case for the run's verdict about itself."""

from __future__ import annotations

from pathlib import Path

from hivecheck.load.result import LoadResult
from hivecheck.load.slo import Judgement
from hivecheck.reports import junit, load_lines
from hivecheck.reports.junit import Case

SUITE = "hivecheck.load"
VALIDITY = "the run is valid"


def write(result: LoadResult, path: Path) -> None:
    """Write the report. Raises ReportError if it cannot be written or does not read back with the same counts."""
    properties = {"seed": str(result.data["seed"]), "url": result.data["plan"]["url"], "model": result.data["plan"]["model"]}
    junit.write_suite(SUITE, [_validity(result), *(_case(result, judgement) for judgement in result.judgements)], properties, path)


def _validity(result: LoadResult) -> Case:
    if result.is_valid:
        return Case(VALIDITY, SUITE, None)
    message = " ".join(reason.sentence for reason in result.reasons)
    return Case(VALIDITY, SUITE, ("error", "invalid"), message, result.data["sentence"])


def _case(result: LoadResult, judgement: Judgement) -> Case:
    actual = "no data" if judgement.actual is None else f"{judgement.actual:.6f}"
    message = f"expected: {judgement.term}, actual: {actual}, {load_lines.samples_of(judgement)}"
    if not result.is_valid:
        return Case(judgement.term, SUITE, ("error", "invalid"), f"no verdict, because the run is INVALID; {message}")
    return Case(judgement.term, SUITE, None if judgement.passed else ("failure", "broken"), "" if judgement.passed else message)
