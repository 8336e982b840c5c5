"""Runs the control as target: all scenarios of `control_verdicts.toml` are green, and each defect turns exactly the listed ones not green.

`python tests/targets/control_verdicts.py` draws defects and a wording by `--seed`, with a few other scenarios beside the listed ones.
`--all` runs every defect and every wording with every scenario. The exit code is 1 if a verdict is unexpected.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXPECTED: dict[str, Any] = tomllib.loads((HERE / "control_verdicts.toml").read_text(encoding="utf-8"))
DEFECTS, WORDINGS = EXPECTED["not_green"], ("other_codes", "other_ids", "other_headers")
DRAWN_DEFECTS, DRAWN_OTHERS = 2, 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--all", action="store_true", help="every defect and wording with every scenario")
    parser.add_argument("--only", default="", help="one defect or wording with every scenario")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    places = range(1, len(EXPECTED["scenarios"]) + 1)
    if arguments.only or arguments.all:
        variants = [arguments.only] if arguments.only else ["", *WORDINGS, *DEFECTS]
        plan = [(variant, list(places)) for variant in variants]
    else:
        plan = [("", list(places)), (draw.choice(WORDINGS), sorted(draw.sample(places, len(places) // 2)))]
        for defect in draw.sample(sorted(DEFECTS), DRAWN_DEFECTS):
            others = draw.sample([place for place in places if place not in DEFECTS[defect]], DRAWN_OTHERS)
            plan.append((defect, sorted([*DEFECTS[defect], *others])))
    return max([_judge(variant, selected, arguments.seed) for variant, selected in plan])


def _judge(variant: str, places: list[int], seed: int) -> int:
    """0 if exactly the listed scenarios are not green."""
    statuses = _run(variant, places, seed)
    listed = DEFECTS.get(variant, [])
    wrong = [place for place in places if (statuses.get(place) == "passed") is (place in listed)]
    lines = [f"{variant or 'no defect'}: {len(places)} scenarios, {len(wrong)} unexpected"]
    for place in wrong:
        expected = "not green" if place in listed else "passed"
        lines += [f"  expected: {expected}", f"  actual: {statuses.get(place, 'no result')}: {EXPECTED['scenarios'][place - 1]}"]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return 1 if wrong else 0


def _run(variant: str, places: list[int], seed: int) -> dict[int, str]:
    """Place -> status of one run of the control in this variant."""
    with tempfile.TemporaryDirectory(prefix="hivecheck-control-") as folder:
        target = Path(folder) / "control.toml"
        target.write_text(_target(variant), encoding="utf-8")
        locations = {place: _location(EXPECTED["scenarios"][place - 1]) for place in places}
        command = [sys.executable, "-m", "hivecheck.cli", "run", "--platform", "process", "--target", str(target), "--seed", str(seed)]
        command += ["-D", f"report_dir={folder}/reports", *locations.values()]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        results = list(Path(folder, "reports").rglob("result.json"))
        if not results:
            raise SystemExit(f"{variant or 'no defect'}: no result\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
        found = json.loads(results[0].read_text(encoding="utf-8"))["scenarios"]
    return {place: found[location]["status"] for place, location in locations.items() if location in found}


def _target(variant: str) -> str:
    """The target file of the control with a defect or another wording."""
    text = (HERE / "control.toml").read_text(encoding="utf-8").replace("$beside", str(HERE))
    for key, value in EXPECTED["dialects"].get(variant, {}).items():
        text = text.replace(f'{key} = "own"', f'{key} = "{value}"')
    switch = "CONTROL_WORDING" if variant in WORDINGS else "CONTROL_DEFECT"
    return text.replace("[config]", f'[environment]\n{switch} = "{variant}"\n\n[config]', 1)


def _location(scenario: str) -> str:
    """`file:line` of a scenario, or of a row of an outline by its number."""
    file, _, name = scenario.partition("::")
    title, _, row = name.partition(" [1.")
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.strip() in (f"Scenario: {title}", f"Scenario Outline: {title}"))
    if not row:
        return f"{file}:{begin + 1}"
    rows = [number for number, line in enumerate(lines) if number > begin and line.strip().startswith("|")]
    return f"{file}:{rows[int(row.rstrip(']'))] + 1}"


if __name__ == "__main__":
    sys.exit(main())
