"""The preflight of another gateway on a real stack: each broken set-up is named, with the next step."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from target_stacks import load, stack_of, up

from hivecheck.errors import PreflightError, SetupError
from hivecheck.platforms.platform import Platform
from hivecheck.platforms.ports import PortReservation
from hivecheck.stack.stack import Stack
from hivecheck.stack.start_watch import FailedSystemError

GATEWAY = Path(__file__).with_name("faulty_gateway.py")
TARGET = GATEWAY.with_suffix(".toml").read_text(encoding="utf-8")


def stack(process_platform: Platform, folder: Path, fault: str, more: str = "") -> Stack:
    target = load(folder, TARGET.format(python=sys.executable, gateway=GATEWAY, fault=fault, more=more))
    return stack_of(target, process_platform, folder)


def test_good_gateway(process_platform: Platform, tmp_path: Path) -> None:
    """A gateway without a fault passes each part of the preflight."""
    with up(stack(process_platform, tmp_path, "none")) as good:
        assert good.preflight.problems == ()
        subjects = [sentence.partition(":")[0] for sentence in good.preflight.good]
        assert subjects == ["chat of model-a", "stream of model-a", "headers", "request id"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("refuses_key", r"200 for our key(?s:.)*actual: 401 invalid_api_key: Incorrect API key provided: Bearer \*\*\*.*\nnext: .*\$key"),
        ("wrong_prefix", r"a chat at http://[\d.:]+/v1/chat/completions\nactual: 404.*also without /v1/models.*\nnext: .*prefix"),
        ("html", r"JSON of http(?s:.)*actual: HTML, 200 <html>It works!</html>.*\nnext: name the URL of the API"),
        ("missing_model", r"200 for a chat of model-a\nactual: 404 model_not_found.*\nnext: .*\$model"),
        ("no_worker", r"a chat completion of model-a(?s:.)*actual: 502 bad_gateway.*\nnext: check the URLs of the workers"),
    ],
)
def test_set_up_error(process_platform: Platform, tmp_path: Path, fault: str, message: str) -> None:
    """A gateway that is not set up for our clients is a set-up error. The stack does not come up."""
    with pytest.raises(PreflightError, match=rf"expected: {message}") as raised:
        stack(process_platform, tmp_path, fault).up()
    assert "in the preflight of picky" in str(raised.value)
    assert "faulty gateway listens" in str(raised.value)
    assert f"hivecheck targets check {tmp_path / 'toy.toml'}" in str(raised.value)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("no_stream", "stream: expected an event stream that ends with [DONE] for a streamed chat of model-a; actual: 400"),
        ("own_request_ids", "request id: expected the client's X-Request-Id at the worker; actual: gateway-1; next: "),
        ("drops_headers", "headers: expected the unknown header X-Hivecheck-Preflight at the worker; actual: "),
    ],
)
def test_weakness(process_platform: Platform, tmp_path: Path, fault: str, sentence: str) -> None:
    """What only some requirements need is a problem for `targets check`, and a run goes on."""
    with up(stack(process_platform, tmp_path, fault)) as weak:
        (problem,) = weak.preflight.problems
        assert problem.sentence().startswith(sentence)
        assert not problem.is_blocking


def test_exclusive_port(process_platform: Platform, tmp_path: Path) -> None:
    """A gateway that shares its port with no other socket can listen, because the harness does not hold that port."""
    with up(stack(process_platform, tmp_path, "exclusive_port")) as exclusive:
        assert exclusive.preflight.problems == ()


def test_exit_by_itself(process_platform: Platform, tmp_path: Path) -> None:
    """A gateway that exits after its preflight is a failed system with its name, exit code and last lines."""
    message = r"picky ended with code 7 after it had accepted its settings(?s:.)*picky: the licence has expired"
    with pytest.raises(FailedSystemError, match=message):
        stack(process_platform, tmp_path, "exits_after_preflight").up()


def test_kill_is_no_own_exit(process_platform: Platform, tmp_path: Path) -> None:
    """A gateway that the harness killed did not exit by itself."""
    with up(stack(process_platform, tmp_path, "none")) as killed:
        killed.nodes["orchestrator"].kill()
        assert killed.own_exit() is None
        killed.heal()
        assert killed.gateway.is_ready()


@pytest.mark.parametrize(("fresh", "is_same"), [("scenario", False), ("topology", True)])
def test_fresh(process_platform: Platform, tmp_path: Path, fresh: str, is_same: bool) -> None:
    """A gateway is fresh for each scenario, or stays for all of its topology."""
    with up(stack(process_platform, tmp_path, "none", f'fresh = "{fresh}"')) as healed:
        before = [process.pid for process in healed.nodes["orchestrator"].processes()]
        healed.heal()
        assert ([process.pid for process in healed.nodes["orchestrator"].processes()] == before) is is_same


def test_ignored_sigterm(process_platform: Platform, tmp_path: Path) -> None:
    """A gateway that ignores SIGTERM is killed after its own limit, and healing goes on with a fresh one."""
    with up(stack(process_platform, tmp_path, "ignores_sigterm", "stop_seconds = 0.5")) as stubborn:
        stubborn.heal()
        assert stubborn.gateway.is_ready()
        assert "expected: picky exits within 0.5 s of SIGTERM" in str(stubborn.ignored_sigterm)


def test_closed_url(process_platform: Platform, tmp_path: Path) -> None:
    """The limit `ready_seconds` holds for a gateway that never answers."""
    closed = PortReservation()
    text = TARGET.format(python="", gateway="", fault="", more="ready_seconds = 0.5")
    lines = [line for line in text.partition("[config]")[0].splitlines() if not line.startswith("command")]
    more = f'\nurl = "{closed.url}"\n[[register]]\npath = "/workers"\n' + "[ready]" + text.partition("[ready]")[2]
    with pytest.raises(SetupError, match=r"stack small-\w+ ready, within 0.5 s"):
        stack_of(load(tmp_path, "\n".join(lines) + more), process_platform, tmp_path).up()
    closed.release()
