"""`hivecheck mutate`: the unmutated services must pass, and each mutant must fail its requirements. Exit 0, 1 (a gap), 2 (no verdict)."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

from hivecheck.errors import MutantError
from hivecheck.mutation.kill_table import Kill, KillTable, judge
from hivecheck.mutation.mutant import Mutant, load_all, plant
from hivecheck.rerun import subrun
from hivecheck.source_hash import source_hash
from hivecheck.wording import counted

QUICKEST = "process"  # it reveals each defect of the services, except those that need a container

UNMUTATED_NEEDED = "the unmutated services must pass first"


def mutate(root: Path, names: Sequence[str], *, seed: int, platform: str | None, jobs: int, report_dir: Path, out: TextIO) -> int:
    """Plant the named mutants (all for none), `jobs` at a time, on `platform`; None means the quickest that reveals each.

    Raises MutantError for an unknown or malformed mutant, or one that `platform` cannot reveal.
    """
    mutants = _chosen(load_all(root / "mutants"), names)
    homes = {mutant.name: _home(mutant, platform) for mutant in mutants}
    with tempfile.TemporaryDirectory(prefix="hivecheck-mutate-") as folder:
        overlays = {mutant.name: Path(folder) / mutant.name for mutant in mutants}
        hashes = {mutant.name: plant(mutant, root, overlays[mutant.name]) for mutant in mutants}
        reports = report_dir / "mutate"
        shutil.rmtree(reports, ignore_errors=True)
        table = KillTable({})
        # In reverse `process` comes first, so a broken source tree shows on the quicker platform.
        for home in sorted(set(homes.values()), reverse=True):
            # The quickest platform takes every mutant that it can reveal, the others take the rest.
            is_whole = not names and home in (platform, QUICKEST)
            there = [mutant for mutant in mutants if homes[mutant.name] == home]
            expected = [] if is_whole else sorted({requirement for mutant in there for requirement in mutant.requirements})
            out.write(f"unmutated services on {home}: {', '.join(expected) or 'every scenario'}\n")
            twin = subrun.run(root, expected, reports / f"twin-{home}", seed, home)
            if twin.exit_code != 0 or twin.source_hash != source_hash(root / "services"):
                out.write(f"{twin.output}\nNO VERDICT  {UNMUTATED_NEEDED}, but this run had exit code {twin.exit_code} (exit 2)\n")
                return 2
            table.scenarios |= {key: str(twin.scenarios[key]["name"]) for key in twin.with_status("passed")}

        def attempt(mutant: Mutant) -> Kill:
            ended = subrun.run(overlays[mutant.name], mutant.requirements, reports / mutant.name, seed, homes[mutant.name], jobs=1)
            kill = judge(mutant, ended.scenarios)
            # ADR 8: a mutant that survived may not have run, for example where another installation of the services came first.
            if ended.source_hash != hashes[mutant.name]:
                kill = Kill(
                    mutant, {}, mutant.requirements, f"its nodes ran source {ended.source_hash or 'unknown'}, not {hashes[mutant.name]}"
                )
            out.write(f"{kill.word}: {mutant.name}: {mutant.what}\n")
            out.flush()
            return kill

        with ThreadPoolExecutor(max_workers=jobs) as pool:
            table.kills.extend(pool.map(attempt, mutants))
    return _conclude(table, is_whole=not names, out=out)


def _home(mutant: Mutant, platform: str | None) -> str:
    """The platform of a mutant. Raises MutantError when the chosen platform cannot reveal it."""
    if platform and mutant.platform not in ("", platform):
        raise MutantError(
            f"expected: platform {mutant.platform}, the only one that reveals {mutant.name}\nactual: platform {platform}\n"
            "next: leave --platform out, or name other mutants"
        )
    return platform or mutant.platform or QUICKEST


def _chosen(mutants: dict[str, Mutant], names: Sequence[str]) -> list[Mutant]:
    if unknown := [name for name in names if name not in mutants]:
        near = difflib.get_close_matches(unknown[0], mutants, n=3, cutoff=0.0)
        raise MutantError(f"expected: names of mutants\nactual: {unknown[0]!r}\nnext: did you mean {', '.join(near)}? mutants/ holds all")
    if not mutants:
        raise MutantError("expected: files mutants/<service>/<component>-<defect>.toml\nactual: none\nnext: write one")
    return [mutants[name] for name in names or mutants]


def _conclude(table: KillTable, *, is_whole: bool, out: TextIO) -> int:
    out.write("\n")
    for line in table.lines():
        out.write(line + "\n")
    idle = table.idle_scenarios() if is_whole else []
    for key in idle:
        out.write(f"DETECTS NO MUTANT  {table.scenarios[key]}  {key}\n")
    survivors = table.survivors()
    killed = len(table.kills) - len(survivors)
    word = "GAPS" if survivors or idle else "PROVEN"
    detected = f"{killed} of {counted(len(table.kills), 'mutant')} killed"
    at_start = sum(1 for kill in survivors if kill.at_start)
    detected += f", {at_start} killed at start-up (not counted)" if at_start else ""
    without = f", {len(idle)} of {counted(len(table.scenarios), 'scenario')} without a detected mutant" if is_whole else ""
    code = 1 if survivors or idle else 0
    out.write(f"\n{word}  {detected}{without} (exit {code})\n")
    return code
