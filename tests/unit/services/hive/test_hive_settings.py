"""The settings of a hive, and the messages for invalid ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services import wire
from services.config import SettingsError, load
from services.hive.launch import launch
from services.hive.settings import HiveSettings, named

HEAD = 'name = "h1"\nport = 9000\ntoken = "secret"\nregistry_url = "http://127.0.0.1:9001"\n'


def read(tmp_path: Path, text: str) -> HiveSettings:
    path = tmp_path / "hive.toml"
    path.write_text(HEAD + text)
    return load(HiveSettings, "hive", ["--config", str(path)], {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[restart]\npolicy = "sometimes"', "restart.policy = 'sometimes': expected one of always, never, on-failure"),
        ("[restart]\npolcy = 1", "restart.polcy = 1: unknown key; did you mean policy?"),
        ("[restart]\nfactor = 0.5", "restart.factor = 0.5: expected a factor, 1 or more"),
        ("[[workers]]\nmodels = ['a']\n[[workers]]\nmodels = 'b'", "workers.1.models = 'b': expected `array`, got `str`"),
        ("[[workers]]\nmodles = ['a']", "workers.0.modles = ['a']: unknown key; did you mean models?"),
        ("[[workers]]\nid = 'w'", "workers.0.models: missing"),
        ("[[attach]]\nid = 'a'\nurl = 'localhost:1'", "attach.0.url = 'localhost:1': expected http://host:port without a path"),
        ("probe_failures = 0", "probe_failures = 0: expected a whole number, 1 or more"),
        ("[backend]\ncommand = 'vllm'", "backend.command = 'vllm': expected `array`, got `str`"),
    ],
)
def test_invalid_key_message(tmp_path: Path, text: str, message: str) -> None:
    """The message for an invalid setting gives key, value and accepted form."""
    with pytest.raises(SettingsError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "[[workers]]\nmodels = []\nid = 'x'\n[[attach]]\nid = 'x'\nurl = 'http://a:1'",
        "[[workers]]\nmodels = []\nid = 'h1'",
        "[[workers]]\nmodels = []\nid = 'two words'",
    ],
)
def test_ids_unique(tmp_path: Path, text: str) -> None:
    """Ids must be valid and unique."""
    with pytest.raises(SettingsError, match=r"\.id = "):
        named(read(tmp_path, text))


def test_default_worker_id(tmp_path: Path) -> None:
    """A worker without an id is named after its hive."""
    workers = named(read(tmp_path, "[[workers]]\nmodels = ['a']\n[[workers]]\nid = 'x'\nmodels = []\n[[workers]]\nmodels = ['b']"))
    assert [spec.id for spec in workers] == ["h1-w1", "x", "h1-w3"]


def test_invalid_file_exit_code(tmp_path: Path) -> None:
    """An invalid file ends the process with exit code 2."""
    path = tmp_path / "hive.toml"
    path.write_text(HEAD + "[[workers]]\nmodels = []\nid = 'h1'")
    ended = subprocess.run([sys.executable, "-m", "services.hive", "--config", str(path)], capture_output=True, text=True, timeout=20)
    assert ended.returncode == 2
    assert "workers.0.id = 'h1'" in ended.stderr


def test_placeholders(tmp_path: Path) -> None:
    """Placeholders are replaced, and other braces stay unchanged."""
    args = """['{"a": {port}}', "{model}", "{models}"]"""
    backend = f'[backend]\ncommand = ["{{python}}", "-m", "x"]\nargs = {args}\nenv = {{KEY = "{{token}}"}}'
    settings = read(tmp_path, backend)
    spec = wire.WorkerSpec(id="w", models=("m1", "m2"), args=("--dir={data_dir}",), env={"ID": "{id}@{host}"})
    launch_spec = launch(settings, spec, 1234, 5)
    assert launch_spec.command == (sys.executable, "-m", "x", '{"a": 1234}', "m1", '["m1","m2"]', f"--dir={Path.cwd() / 'workers' / 'w'}")
    assert (launch_spec.env["KEY"], launch_spec.env["ID"]) == ("secret", "w@127.0.0.1")


def test_default_backend(tmp_path: Path) -> None:
    """The default backend is the bundled worker, which ends with its hive."""
    launch_spec = launch(read(tmp_path, ""), wire.WorkerSpec(id="w", models=("m",)), 1234, 5)
    assert launch_spec.command[1:3] == ("-m", "services.worker")
    assert {"port=1234", 'models=["m"]', "exit_with_parent=true"} < set(launch_spec.command)
    assert launch_spec.env["WORKER_TOKEN"] == "secret"
