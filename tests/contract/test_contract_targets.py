"""A gateway of somebody else's in the orchestrator's place: started by command, as a container, or already up somewhere."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hivecheck.clients.openai_api import OpenAIClient, Request
from hivecheck.errors import ClientError, NodeDiedError, NotSupportedError, SetupError, TargetError, UsageError
from hivecheck.history import History
from hivecheck.loop_thread import LoopThread
from hivecheck.platforms.platform import Platform
from hivecheck.platforms.ports import PortReservation
from hivecheck.settings import Settings
from hivecheck.stack import kept_stacks, platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.targets import target as targets
from hivecheck.targets.target import Target
from hivecheck.targets.topology_adapter import arranged
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
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


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    settings = Settings.load({}, {"platform": "process"})
    made = platform_factory.open_platform("process", settings, f"test-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("platform"), str)
    yield made
    assert made.sweep() == [], "a test left nodes behind"


def load(folder: Path, first: str, tables: str) -> Target:
    file = folder / "toy.toml"
    file.write_text(first + COMMON + tables, encoding="utf-8")
    target = targets.load(str(file))
    assert target
    return target


def stack_of(target: Target, platform: Platform, folder: Path, timeouts: Timeouts | None = None) -> Stack:
    settings = Settings.load({}, {"report_dir": str(folder), "cache_dir": str(folder)})
    front = platform_factory.with_target(platform, target, settings, folder / "stacks")
    return Stack(f"small-{uuid.uuid4().hex[:4]}", arranged(topology.load("small"), target), front, timeouts or Timeouts(), target)


@contextmanager
def up(stack: Stack) -> Iterator[Stack]:
    stack.up()
    try:
        yield stack
    finally:
        assert stack.down() == []


def must_chat(stack: Stack, loop: LoopThread) -> None:
    history = History()
    with closing(OpenAIClient(stack.gateway.url, loop, history, 5)) as client:
        body = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}
        call = client.start(Request(model="model-a", body=body, key="any"))
        eventually(lambda: call.is_done, within=5, what="an answer")
    assert call.operation.status == 200, call.operation.sentence()


def test_a_command_is_told_of_its_workers_by_its_config_and_serves(platform: Platform, tmp_path: Path, loop: LoopThread) -> None:
    command = f'command = ["{sys.executable}", "{TOY}", "--port", "$port", "--workers", "$config"]\n'
    with up(stack_of(load(tmp_path, command, CONFIG), platform, tmp_path)) as stack:
        must_chat(stack, loop)
        assert stack.nodes["orchestrator"].log_lines() != []
        assert stack.work_in_hand() is None


def test_a_gateway_that_was_killed_is_started_again_and_told_of_its_workers_by_healing(
    platform: Platform, tmp_path: Path, loop: LoopThread
) -> None:
    command = f'command = ["{sys.executable}", "{TOY}", "--port", "$port"]\n'
    with up(stack_of(load(tmp_path, command, REGISTER), platform, tmp_path)) as stack:
        stack.nodes["orchestrator"].kill()
        stack.heal()
        must_chat(stack, loop)


def test_missing_status_api_is_not_supported(platform: Platform, tmp_path: Path) -> None:
    """A status API that only the reference has makes the scenario not supported, never failed."""
    command = f'command = ["{sys.executable}", "{TOY}", "--port", "$port"]\n'
    with (
        up(stack_of(load(tmp_path, command, REGISTER), platform, tmp_path)) as stack,
        pytest.raises(NotSupportedError, match="no status API"),
    ):
        stack.orchestrator.workers()


def test_a_gateway_that_runs_elsewhere_is_told_of_the_workers_and_never_stopped(
    platform: Platform, tmp_path: Path, loop: LoopThread
) -> None:
    port = PortReservation()
    with subprocess.Popen([sys.executable, str(TOY), "--port", str(port.port)], stdout=subprocess.DEVNULL) as elsewhere:
        try:
            with up(stack_of(load(tmp_path, f'url = "{port.url}"\n', REGISTER), platform, tmp_path)) as stack:
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


def test_a_url_where_nobody_answers_is_a_set_up_error_that_names_it(platform: Platform, tmp_path: Path) -> None:
    nobody = PortReservation()
    target = load(tmp_path, f'url = "{nobody.url}"\n', REGISTER)
    with pytest.raises(SetupError, match=nobody.url):
        stack_of(target, platform, tmp_path, Timeouts(stack_ready=2)).up()
    nobody.release()


def test_a_program_that_is_not_there_is_an_error_that_says_how_to_get_it(platform: Platform, tmp_path: Path) -> None:
    target = load(tmp_path, 'command = ["$home/bin/toy"]\n', '[install]\npackages = ["toy"]\n')
    with pytest.raises(SetupError, match=r"cannot be started .*hivecheck targets install"):
        stack_of(target, platform, tmp_path).up()


def test_a_gateway_that_dies_is_named_with_its_last_words(platform: Platform, tmp_path: Path) -> None:
    target = load(tmp_path, f'command = ["{sys.executable}", "-c", "raise SystemExit(\'no licence\')"]\n', "")
    with pytest.raises(NodeDiedError, match="no licence"):
        stack_of(target, platform, tmp_path).up()


@pytest.mark.docker
def test_an_image_is_a_container_on_the_hosts_network(platform: Platform, tmp_path: Path, loop: LoopThread) -> None:
    from hivecheck import images
    from hivecheck.platforms.docker import engine

    image = images.build(Settings.load({}, {}), lambda sentence: None)
    tables = f"[config]\nfile = 'toy.py'\ntext = '''{TOY.read_text(encoding='utf-8')}'''\n"
    command = f'image = "{image}"\ncommand = ["python3", "$config", "--port", "$port"]\n'
    target = load(tmp_path, command, tables + REGISTER)
    with up(stack_of(target, platform, tmp_path)) as stack:
        must_chat(stack, loop)
        stack.nodes["orchestrator"].kill()
        stack.heal()
        must_chat(stack, loop)
    assert engine.containers(engine.connect(), stack.platform.run_id) == []


@pytest.mark.docker
def test_an_image_that_is_not_there_is_an_error_that_names_it(platform: Platform, tmp_path: Path) -> None:
    target = load(tmp_path, 'image = "hivecheck/no-such-image:1"\n', REGISTER)
    with pytest.raises(TargetError, match=r"hivecheck/no-such-image:1.*pull or load it"):
        stack_of(target, platform, tmp_path).up()


def test_a_command_is_refused_where_nodes_are_containers(tmp_path: Path, platform: Platform) -> None:
    class Elsewhere:
        name, run_id = "docker", "r1"

    target = load(tmp_path, 'command = ["toy"]\n', "")
    with pytest.raises(TargetError, match="--platform process"):
        platform_factory.with_target(Elsewhere(), target, Settings.load({}, {}), tmp_path)  # type: ignore[arg-type]


def test_a_client_error_is_what_waiting_takes_for_not_yet() -> None:
    assert not issubclass(NotSupportedError, ClientError)
