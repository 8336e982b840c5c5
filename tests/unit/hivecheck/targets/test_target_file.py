"""Target files: what is accepted, and the error for a bad one."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hivecheck.checks.balancing import Balancing
from hivecheck.errors import TargetError
from hivecheck.settings import PROJECT_ROOT
from hivecheck.targets import target as targets
from hivecheck.targets.target import Target
from hivecheck.timeouts import Timeouts

GOOD = """
name = "toy"
summary = "A toy."
command = ["toy", "--port", "$port"]
[ready]
path = "/ready"
[declares]
requirements = ["SVC-003", "SVC-005"]
topologies = ["default"]
[[exempt]]
scenario = "It juggles"
reason = "it has no hands"
"""


def load(folder: Path, text: str) -> Target:
    file = folder / "toy.toml"
    file.write_text(text, encoding="utf-8")
    found = targets.load(str(file))
    assert found
    return found


def test_reference_has_no_file() -> None:
    """The reference target has no file."""
    assert targets.load("reference") is None


@pytest.mark.parametrize("name", targets.names())
def test_shipped_targets(name: str) -> None:
    """Every shipped target loads and has the name of its file."""
    found = targets.load(name)
    assert found and found.name == name
    assert found.summary.endswith(".")


@pytest.mark.parametrize("name", targets.names())
def test_exemptions_exist(name: str) -> None:
    """Every shipped exemption names an existing scenario."""
    shipped = targets.load(name)
    features = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "features").rglob("*.feature"))
    named = set(re.findall(r"^\s*Scenario(?: Outline)?: (.+?)\s*$", features, re.MULTILINE))
    assert shipped and [item.scenario for item in shipped.exempt if re.sub(r" \[[\d.]+\]$", "", item.scenario) not in named] == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('["toy", "--port", "$port"]', '["toy", "--port", "$prot"]', r"one of \$host, .* in command, got \$prot"),
        ('["toy", "--port", "$port"]', '["toy", "5 $"]', r"in command, got 5 \$; write \$\$"),
        ('command = ["toy", "--port", "$port"]', "", "a command, an image or a url, got none of them"),
        ('command = ["toy", "--port", "$port"]', 'command = ["toy"]\nurl = "http://x"', "got command and url"),
        ('command = ["toy", "--port", "$port"]', 'url = "localhost:80"', "url to begin with http://, got 'localhost:80'"),
        ('command = ["toy", "--port", "$port"]', 'url = "http://x"', r"\[\[register\]\] with the url, got none"),
        ('"SVC-005"', '"SVC-500"', "got SVC-500; docs/requirements.md"),
        ('topologies = ["default"]', 'topologies = ["big"]', "topologies out of .*, got big"),
        ('path = "/ready"', 'path = "/ready"\nstatus = "fine"', r"Expected `int`, got `str` - at `\$.ready.status`"),
        ('path = "/ready"', 'path = "/ready"\nbody = { workers = "$port" }', r"in ready.body, got \$port"),
        ('summary = "A toy."', 'summary = "A toy."\nbalancing = "robin"', "one of random, .*by_prefix, got 'robin'; docs/targets.md"),
        ('summary = "A toy."', 'summary = "A toy."\nbalancers = 0', r"at `\$.balancers`"),
        ('summary = "A toy."', "", "missing required field `summary`"),
        ('summary = "A toy."', 'sumary = "A toy."', "unknown field `sumary`"),
        ('summary = "A toy."', "summary = A toy.", "expected TOML"),
        ('summary = "A toy."', 'summary = "A toy."\nfresh = "request"', r"Invalid enum value 'request' - at `\$.fresh`"),
        ('summary = "A toy."', 'summary = "A toy."\nstop_seconds = 0', r"> 0.*\$.stop_seconds"),
        ('command = ["toy", "--port", "$port"]', 'url = "http://x"\nenvironment = { A = "b" }', "a url alone"),
    ],
)
def test_bad_file_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """The error about a bad file has the place, the expected form and the actual value."""
    assert GOOD.count(old) == 1
    with pytest.raises(TargetError, match=rf"toy\.toml: .*{problem}"):
        load(tmp_path, GOOD.replace(old, new))


def test_unknown_target() -> None:
    """An unknown target is refused with the list of known ones."""
    with pytest.raises(TargetError, match=r"no target 'nginx'.*reference, .*vllm-router.*the path of a TOML file"):
        targets.load("nginx")


@pytest.mark.parametrize(
    ("name", "requirements", "topology", "why"),
    [
        ("It chats", ("SVC-003",), "default", None),
        ("It chats", ("SVC-003", "SVC-005"), "default", None),
        ("It chats", ("FULL-001", "SVC-003"), "default", "toy does not declare FULL-001"),
        ("It chats", (), "default", "toy does not declare scenarios without a requirement"),
        ("It chats", ("SVC-003",), "small", "toy does not declare topology small"),
        ("It juggles", ("SVC-003",), "default", "toy is exempt: it has no hands"),
        ("It juggles [1.2]", ("SVC-003",), "default", "toy is exempt: it has no hands"),
        ("It juggles well", ("SVC-003",), "default", None),
    ],
)
def test_declared_scenario_must_pass(tmp_path: Path, name: str, requirements: tuple[str, ...], topology: str, why: str | None) -> None:
    """A scenario must pass when the target declares all of its requirements."""
    assert load(tmp_path, GOOD).why_not(name, requirements, topology) == why


def test_no_topologies_means_all(tmp_path: Path) -> None:
    """A target without topologies declares all of them."""
    assert load(tmp_path, GOOD.replace('topologies = ["default"]', "")).why_not("It chats", ("SVC-003",), "small") is None


def test_dialect_allowances(tmp_path: Path) -> None:
    """Only a target with the dialect gets allowances for the reference's headers, and each target gets those of the standards."""
    marked = load(tmp_path, GOOD).allowances()
    assert marked["spread"] == {"balancing": None, "senders": 1}
    assert marked["refusal"] == {"codes": {}, "request_id": "own", "says_when_done": False}
    lax = GOOD.replace("[declares]", "[dialect]\nmarks_answers = false\n[declares]")
    unmarked = {check: {"is_marked": False} for check in ("served_by_model", "taken_over", "one_attempt_each")}
    assert load(tmp_path, lax).allowances() == marked | unmarked


@pytest.mark.parametrize("word", Balancing)
def test_balancing_reaches_check(tmp_path: Path, word: Balancing) -> None:
    """The check of shares gets the declared balancing and the number of processes that balance."""
    declared = GOOD.replace("[ready]", f'balancing = "{word}"\nbalancers = 3\n[ready]')
    assert load(tmp_path, declared).allowances()["spread"] == {"balancing": word, "senders": 3}


def test_page_has_each_balancing() -> None:
    """The page about targets explains each word, and every shipped target declares one."""
    page = (PROJECT_ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    assert [word for word in Balancing if f"| `{word}` |" not in page] == []
    assert [name for name in targets.names() if not (found := targets.load(name)) or not found.balancing] == []


def test_time_budgets(tmp_path: Path) -> None:
    """The limits of a target replace time budgets. Healing restarts the gateway, so it gets at least the time of a start."""
    assert load(tmp_path, GOOD).timeouts() == Timeouts()
    slow = load(tmp_path, GOOD.replace('summary = "A toy."', 'summary = "A toy."\nready_seconds = 60\nstop_seconds = 40'))
    assert (slow.timeouts().stack_ready, slow.timeouts().heal, slow.timeouts().node_stop) == (60, 60, 40)


def test_page_is_complete() -> None:
    """The page about targets has every key and placeholder."""
    page = (PROJECT_ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    structs = [
        Target,
        *(getattr(targets, name) for name in ("ConfigFile", "Ready", "Registration", "Install", "Declaration", "Exemption", "Dialect")),
    ]
    keys = {field.name for struct in structs for field in msgspec.structs.fields(struct)} - {"origin"}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", page)] == []
    assert [name for name in {*targets.OF_GATEWAY, *targets.OF_WORKER} if f"`${name}`" not in page] == []


@pytest.mark.parametrize("number", range(3))
def test_page_examples_load(tmp_path: Path, number: int) -> None:
    """Every file on the page about targets loads."""
    page = (PROJECT_ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    assert load(tmp_path, blocks[number]).name == "toy"
