"""The list of packages in setup.cfg: `find:` would omit the packages that package_dir maps, so the list is compared with the tree."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

from source_tree import ROOT, python_files

MAPPED = {"hivecheck.docker": "docker", "hivecheck.features": "features", "hivecheck.steps": "steps"}


def listed(section: str, key: str) -> list[str]:
    """The lines of a setting of setup.cfg."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config[section][key].split("\n")[1:]


def test_packages_listed() -> None:
    """The list holds each folder with Python below hivecheck/ and services/, and the mapped folders, once and in order."""
    folders = {Path(name).parent.as_posix().replace("/", ".") for name in python_files("hivecheck", "services")}
    assert listed("options", "packages") == sorted(folders | MAPPED.keys())


def test_packages_importable() -> None:
    """Each listed package with Python has an __init__.py, without which an editable install lacks it."""
    folders = {Path(name).parent for name in python_files("hivecheck", "services", "steps")}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder / "__init__.py").is_file()] == []


def test_mapped_folders() -> None:
    """The wheel takes docker/, features/ and steps/ into hivecheck, and no other folder moves."""
    assert dict(line.split(" = ") for line in listed("options", "package_dir")) == MAPPED
    # `hivecheck.docker` of a wheel comes first where the files of images are looked for.
    assert [name for name in MAPPED.values() if (ROOT / "hivecheck" / name).exists()] == []
