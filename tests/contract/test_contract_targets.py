"""A foreign gateway in the place of the orchestrator: started by command, as a container, or already up somewhere."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import target_stacks
from target_stacks import stack_of, up

from hivecheck.clients.openai_api import OpenAIClient, Request
from hivecheck.errors import ClientError, NodeDiedError, NotSupportedError, SetupError, TargetError, UsageError
from hivecheck.history import History
from hivecheck.loop_thread import LoopThread
from hivecheck.platforms.platform import Platform
from hivecheck.platforms.ports import PortReservation
from hivecheck.settings import Settings
from hivecheck.stack import kept_stacks, platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.stack.start_watch import FailedSystemError
from hivecheck.targets.target import Target
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

TOY = Path(__file__).with_name("toy_gateway.py")
COMMON = """
name = "toy"
summary = "A toy."
[ready]
path = "/"
body = { "known.models" = 1 }
[declares]
requirements = ["SVC-003"]
"""
REGISTER = '[[register]]\npath = "/workers"\nbody = { model = "$model", url = "$url" }\n'
CONFIG = '[config]\nfile = "workers.txt"\ntext = "$each_worker"\neach_worker = "$model $url\\n"\n'


def load(folder: Path, first: str, tables: str) -> Target:
    return target_stacks.load(folder, first + COMMON + tables)


def must_chat(stack: Stack, loop: LoopThread) -> None:
    history = History()
    with closing(OpenAIClient(stack.gateway.url, loop, history, 5)) as client:
        body = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}
        call = client.start(Request(model="model-a", body=body, key="any"))
        eventually(lambda: call.is_done, within=5, what="an answer")
    assert call.operation.status == 200, call.operation.sentence()


def test_command_gets_workers(process_platform: Platform, tmp_path: Path, loop: LoopThread) -> None:
    """A gateway by command gets its workers by its configuration and serves."""
    command = f'command = ["{sys.executable}", "{TOY}", "--port", "$port", "--workers", "$config"]\n'
    with up(stack_of(load(tmp_path, command, CONFIG), process_platform, tmp_path)) as stack:
        must_chat(stack, loop)
        assert stack.nodes["orchestrator"].log_lines() != []
        assert stack.work_in_hand() is None


def test_heal_restarts_gateway(process_platform: Platform, tmp_path: Path, loop: LoopThread) -> None:
    """Healing restarts a killed gateway and registers its workers."""
    command = f'command = ["{sys.executable}", "{TOY}", "--port", "$port"]\n'
    with up(stack_of(load(tmp_path, command, REGISTER), process_platform, tmp_path)) as stack:
        stack.nodes["orchestrator"].kill()
        stack.heal()
        must_chat(stack, loop)


def test_missing_status_api_is_not_supported(process_platform: Platform, tmp_path: Path) -> None:
    """A status API that only the reference has makes the scenario not supported, never failed."""
    command = f'command = ["{sys.executable}", "{TOY}", "--port", "$port"]\n'
    with (
        up(stack_of(load(tmp_path, command, REGISTER), process_platform, tmp_path)) as stack,
        pytest.raises(NotSupportedError, match="no status API"),
    ):
        stack.orchestrator.workers()


def test_url_gateway_never_stopped(process_platform: Platform, tmp_path: Path, loop: LoopThread) -> None:
    """A gateway that already runs gets its workers and is never stopped."""
    port = PortReservation()
    with subprocess.Popen([sys.executable, str(TOY), "--port", str(port.port)], stdout=subprocess.DEVNULL) as elsewhere:
        try:
            with up(stack_of(load(tmp_path, f'url = "{port.url}"\n', REGISTER), process_platform, tmp_path)) as stack:
                assert "orchestrator" not in stack.nodes
                must_chat(stack, loop)
                kept = kept_stacks.keep(stack, "r1", tmp_path)
                assert (kept.orchestrator_url, kept.nodes["gateway"].log) == (port.url, None)
                with pytest.raises(UsageError, match="runs elsewhere"):
                    kept_stacks.show_log(kept, "gateway", follow=False, out=sys.stdout)
            assert elsewhere.poll() is None
        finally:
            elsewhere.kill()
            port.release()


def test_silent_url_is_setup_error(process_platform: Platform, tmp_path: Path) -> None:
    """A URL without an answer is a set-up error that names it."""
    closed_port = PortReservation()
    target = load(tmp_path, f'url = "{closed_port.url}"\n', REGISTER)
    with pytest.raises(SetupError, match=closed_port.url):
        stack_of(target, process_platform, tmp_path, Timeouts(stack_ready=6)).up()
    closed_port.release()


def test_missing_program(process_platform: Platform, tmp_path: Path) -> None:
    """The error about a missing program says how to install it."""
    target = load(tmp_path, 'command = ["$home/bin/toy"]\n', '[install]\npackages = ["toy"]\n')
    with pytest.raises(SetupError, match=r"cannot be started .*hivecheck targets install"):
        stack_of(target, process_platform, tmp_path).up()


def test_dead_gateway_is_named(process_platform: Platform, tmp_path: Path) -> None:
    """A gateway that exits is named with its last log lines."""
    target = load(tmp_path, f'command = ["{sys.executable}", "-c", "raise SystemExit(\'no licence\')"]\n', "")
    with pytest.raises(NodeDiedError, match="no licence"):
        stack_of(target, process_platform, tmp_path).up()


def test_gateway_that_answers_and_exits(process_platform: Platform, tmp_path: Path) -> None:
    """A gateway that exits after its first answer has accepted its settings, so it is a failed system."""
    server = "from http.server import BaseHTTPRequestHandler as Handler, HTTPServer\n"
    server += "import sys\nHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).handle_request()\nraise SystemExit('no licence')\n"
    tmp_path.joinpath("once.py").write_text(server, encoding="utf-8")
    target = load(tmp_path, f'command = ["{sys.executable}", "{tmp_path / "once.py"}", "$port"]\n', "")
    with pytest.raises(FailedSystemError, match=r"toy ended with code 1 after it had accepted its settings(?s:.)*no licence"):
        stack_of(target, process_platform, tmp_path).up()


@pytest.mark.docker
def test_image_is_container(process_platform: Platform, tmp_path: Path, loop: LoopThread) -> None:
    """A gateway by image is a container on the host's network."""
    from hivecheck import images
    from hivecheck.platforms.docker import engine

    image = images.build(Settings.load({}, {}), lambda sentence: None)
    tables = f"[config]\nfile = 'toy.py'\ntext = '''{TOY.read_text(encoding='utf-8')}'''\n"
    command = f'image = "{image}"\ncommand = ["python3", "$config", "--port", "$port"]\n'
    target = load(tmp_path, command, tables + REGISTER)
    with up(stack_of(target, process_platform, tmp_path)) as stack:
        must_chat(stack, loop)
        stack.nodes["orchestrator"].kill()
        stack.heal()
        must_chat(stack, loop)
    assert engine.containers(engine.connect(), stack.platform.run_id) == []


@pytest.mark.docker
def test_missing_image(process_platform: Platform, tmp_path: Path) -> None:
    """The error about a missing image names it."""
    target = load(tmp_path, 'image = "hivecheck/no-such-image:1"\n', REGISTER)
    with pytest.raises(TargetError, match=r"hivecheck/no-such-image:1.*pull or load it"):
        stack_of(target, process_platform, tmp_path).up()


def test_command_needs_process_platform(tmp_path: Path, process_platform: Platform) -> None:
    """A gateway by command is refused on the docker platform."""

    class Elsewhere:
        name, run_id = "docker", "r1"

    target = load(tmp_path, 'command = ["toy"]\n', "")
    with pytest.raises(TargetError, match="--platform process"):
        platform_factory.with_target(Elsewhere(), target, Settings.load({}, {}), tmp_path)  # type: ignore[arg-type]


def test_not_supported_is_no_client_error() -> None:
    """A missing API is no ClientError, because waiting would retry that."""
    assert not issubclass(NotSupportedError, ClientError)
