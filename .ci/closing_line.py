"""Prints the first failures with their reasons, then the sums of pytest and the acceptance runs as the closing line.

Exit code 1 without a pass or a scenario. The failures come last because a reader often has only the end of the output.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

SHOWN = 4
LINES, COLUMNS = 10, 220


def main() -> int:
    count = Counter()
    failures = []
    for name in ("pytest", "pytest-runs", "pytest-docker", "pytest-docker-long"):
        suite = ElementTree.parse(f"reports/{name}.xml").getroot().find("testsuite")
        count.update({kind: int(suite.get(kind)) for kind in ("tests", "failures", "errors", "skipped")})
        failures += [
            (f"{case.get('classname')} {case.get('name')}", problem.get("message", ""))
            for case in suite.iter("testcase")
            for problem in (*case.iter("failure"), *case.iter("error"))
        ]
    scenarios = []
    for platform in ("docker", "process"):
        result = json.loads(Path(f"reports/{platform}/result.json").read_text(encoding="utf-8"))
        scenarios += [scenario["status"] for scenario in result["scenarios"].values()]
        failures += [
            (f"{platform} {key}: {scenario['status']} at {scenario['step']}", scenario["detail"] or scenario["message"])
            for key, scenario in result["scenarios"].items()
            if scenario["status"] not in ("passed", "not supported", "known failure")
        ]
    for title, reason in failures[:SHOWN]:
        sys.stdout.write(f"-- {title}\n")
        sys.stdout.writelines(f"   {line[:COLUMNS]}\n" for line in reason.splitlines()[:LINES])
    bad = count["failures"] + count["errors"]
    passed = count["tests"] - bad - count["skipped"] + scenarios.count("passed")
    left_out = scenarios.count("not supported") + scenarios.count("known failure")
    skipped = count["skipped"] + left_out
    failed = bad + len(scenarios) - scenarios.count("passed") - left_out
    sys.stdout.write(f"{passed} passed, {failed} failed, {skipped} skipped\n")
    return 0 if passed and scenarios else 1


if __name__ == "__main__":
    sys.exit(main())
