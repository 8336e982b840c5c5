"""Two runs of the same scenarios on two platforms must have the same verdicts, except for scenarios that one does not support.

usage: compare_verdicts.py RESULT.json RESULT.json
"""

import json
import sys
from pathlib import Path

NOT_SUPPORTED = "not supported"


def main(first: str, second: str) -> int:
    runs = [json.loads(Path(name).read_text(encoding="utf-8"))["scenarios"] for name in (first, second)]
    differences = []
    for key in sorted({*runs[0], *runs[1]}):
        verdicts = [run.get(key, {}).get("status", "absent") for run in runs]
        if len(set(verdicts)) > 1 and NOT_SUPPORTED not in verdicts:
            differences.append(f"{key}: {verdicts[0]} in {first}, {verdicts[1]} in {second}")
    sys.stdout.write("\n".join([*differences, f"scenarios compared: {len(runs[0])}, with different verdicts: {len(differences)}\n"]))
    return 1 if differences or not runs[0] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
