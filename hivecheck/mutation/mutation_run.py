"""`hivecheck prove`: the unmutated twin must be green, every mutant red for its requirements. Exit 0, 1 (a gap), 2 (no verdict)."""

from __future__ import annotations

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

QUICKEST = "process"  # a defect of the services shows on any platform, unless it takes an engine to bring it out


def prove(root: Path, names: Sequence[str], *, seed: int, platform: str | None, jobs: int, report_dir: Path, out: TextIO) -> int:
    """Prove the named mutants (all for none), `jobs` at a time, on `platform`; None: on the quickest that can show each.

    Raises MutantError for a mutant that does not exist or fit, or that `platform` cannot show.
    """
    mutants = _chosen(load_all(root / "mutants"), names)
    homes = {mutant.name: _home(mutant, platform) for mutant in mutants}
    with tempfile.TemporaryDirectory(prefix="hivecheck-prove-") as folder:
        overlays = {mutant.name: Path(folder) / mutant.name for mutant in mutants}
        hashes = {mutant.name: plant(mutant, root, overlays[mutant.name]) for mutant in mutants}
        reports = report_dir / "prove"
        shutil.rmtree(reports, ignore_errors=True)
        table = KillTable({})
        for home in sorted(set(homes.values()), reverse=True):
            # The quickest platform proves everything it can run; the others only what it cannot.
            is_whole = not names and home in (platform, QUICKEST)
            there = [mutant for mutant in mutants if homes[mutant.name] == home]
            expected = [] if is_whole else sorted({requirement for mutant in there for requirement in mutant.requirements})
            out.write(f"twin on {home}: the unmutated services, {', '.join(expected) or 'every scenario'}\n")
            twin = subrun.run(root, expected, reports / f"twin-{home}", seed, home)
            if twin.exit_code != 0 or twin.source_hash != source_hash(root / "services"):
                out.write(f"{twin.output}\nNO VERDICT  the unmutated twin must be green first: exit {twin.exit_code} (exit 2)\n")
                return 2
            table.scenarios |= {key: str(twin.scenarios[key]["name"]) for key in twin.with_status("passed")}

        def attempt(mutant: Mutant) -> Kill:
            done = subrun.run(overlays[mutant.name], mutant.requirements, reports / mutant.name, seed, homes[mutant.name])
            kill = judge(mutant, done.scenarios)
            if done.source_hash != hashes[mutant.name]:
                kill = Kill(mutant, {}, mutant.requirements, f"its nodes ran {done.source_hash or 'unknown'}, not {hashes[mutant.name]}")
            out.write(f"{'killed' if kill.is_killed else 'SURVIVED'}: {mutant.name}: {mutant.what}\n")
            out.flush()
            return kill

        with ThreadPoolExecutor(max_workers=jobs) as pool:
            table.kills.extend(pool.map(attempt, mutants))
    return _conclude(table, is_whole=not names, out=out)


def _home(mutant: Mutant, platform: str | None) -> str:
    """Where a mutant is tried. Raises MutantError when it does not show there."""
    if platform and mutant.platform not in ("", platform):
        raise MutantError(f"{mutant.name} shows on {mutant.platform} only, not on {platform}; leave --platform out, or name other mutants.")
    return platform or mutant.platform or QUICKEST


def _chosen(mutants: dict[str, Mutant], names: Sequence[str]) -> list[Mutant]:
    if unknown := [name for name in names if name not in mutants]:
        raise MutantError(f"There is no mutant {unknown[0]!r}. Known: {', '.join(mutants)}.")
    if not mutants:
        raise MutantError("There are no mutants; a mutant is a file mutants/<service>/<component>-<defect>.toml.")
    return [mutants[name] for name in names or mutants]


def _conclude(table: KillTable, *, is_whole: bool, out: TextIO) -> int:
    out.write("\n")
    for line in table.lines():
        out.write(line + "\n")
    idle = table.idle_scenarios() if is_whole else []
    for key in idle:
        out.write(f"KILLS NOTHING  {table.scenarios[key]}  {key}\n")
    survivors = table.survivors()
    killed = len(table.kills) - len(survivors)
    word = "GAPS" if survivors or idle else "PROVEN"
    told = f"{killed} of {len(table.kills)} mutants killed, {len(idle)} of {len(table.scenarios)} scenarios kill nothing"
    out.write(f"\n{word}  {told if is_whole else told.split(',')[0]} (exit {1 if survivors or idle else 0})\n")
    return 1 if survivors or idle else 0
