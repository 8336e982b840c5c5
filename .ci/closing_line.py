"""Sums the counts of pytest and of the acceptance runs, and prints the closing line. Exit code 1 without a pass or a scenario."""

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def main() -> int:
    count = Counter()
    for name in ("pytest", "pytest-runs", "pytest-docker", "pytest-docker-long"):
        suite = ElementTree.parse(f"reports/{name}.xml").getroot().find("testsuite")
        count.update({kind: int(suite.get(kind)) for kind in ("tests", "failures", "errors", "skipped")})
    scenarios = []
    for platform in ("docker", "process"):
        result = json.loads(Path(f"reports/{platform}/result.json").read_text(encoding="utf-8"))
        scenarios += [scenario["status"] for scenario in result["scenarios"].values()]
    bad = count["failures"] + count["errors"]
    passed = count["tests"] - bad - count["skipped"] + scenarios.count("passed")
    left_out = scenarios.count("not supported") + scenarios.count("known failure")
    skipped = count["skipped"] + left_out
    failed = bad + len(scenarios) - scenarios.count("passed") - left_out
    sys.stdout.write(f"{passed} passed, {failed} failed, {skipped} skipped\n")
    return 0 if passed and scenarios else 1


if __name__ == "__main__":
    sys.exit(main())
