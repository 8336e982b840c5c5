"""Two runs of the same scenarios on two platforms must come to the same verdicts, save those that one is known not to support.

usage: compare_verdicts.py RESULT.json RESULT.json
"""

import json
import sys
from pathlib import Path

NOT_SUPPORTED = "not supported"


def main(first: str, second: str) -> int:
    told = [json.loads(Path(name).read_text(encoding="utf-8"))["scenarios"] for name in (first, second)]
    odd = []
    for key in sorted({*told[0], *told[1]}):
        verdicts = [run.get(key, {}).get("status", "absent") for run in told]
        if len(set(verdicts)) > 1 and NOT_SUPPORTED not in verdicts:
            odd.append(f"{key}: {verdicts[0]} in {first}, {verdicts[1]} in {second}")
    sys.stdout.write("\n".join([*odd, f"{len(told[0])} scenarios compared, {len(odd)} with other verdicts\n"]))
    return 1 if odd or not told[0] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
