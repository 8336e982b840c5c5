"""Which mirror the host's own apt uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivecheck.images.apt_sources import AptSource, mirror_of, read

STANZAS = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/some.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
"""


def folder(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_deb822_format(tmp_path: Path) -> None:
    """A mirror is found in the newer format."""
    actual = mirror_of("bookworm", read(folder(tmp_path, {"sources.list.d/debian.sources": STANZAS})))
    assert actual == AptSource(
        "http://mirror.example/debian", ("bookworm", "bookworm-updates"), ("main", "contrib"), "/usr/share/keyrings/some.gpg"
    )


@pytest.mark.parametrize(
    ("line", "keyring"),
    [
        ("deb http://mirror.example/ubuntu jammy main universe", None),
        ("deb [arch=amd64 signed-by=/etc/apt/k.gpg] http://mirror.example/ubuntu jammy main universe # why", "/etc/apt/k.gpg"),
    ],
)
def test_one_line_format(tmp_path: Path, line: str, keyring: str | None) -> None:
    """A mirror is found in the older format."""
    actual = mirror_of("jammy", read(folder(tmp_path, {"sources.list": f"# deb http://no.example/x jammy main\n{line}\n"})))
    assert actual == AptSource("http://mirror.example/ubuntu", ("jammy",), ("main", "universe"), keyring)


@pytest.mark.parametrize(
    "text",
    [
        STANZAS.replace("Types: deb deb-src", "Enabled: no\nTypes: deb"),
        STANZAS.replace("Types: deb deb-src", "Types: deb-src"),
        STANZAS.replace("main contrib", "contrib"),
        STANZAS.replace("http://mirror.example", "mirror+file:/etc/mirrors"),
    ],
)
def test_disabled_source(tmp_path: Path, text: str) -> None:
    """A disabled source, and one of another release, are skipped."""
    assert mirror_of("bookworm", read(folder(tmp_path, {"sources.list.d/debian.sources": text}))) is None


def test_inline_key(tmp_path: Path) -> None:
    """A source with an inline key uses the host's keyring."""
    inline = STANZAS.replace("Signed-By: /usr/share/keyrings/some.gpg", "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==")
    actual = mirror_of("bookworm", read(folder(tmp_path, {"sources.list.d/debian.sources": inline})))
    assert actual is not None and actual.keyring is None


def test_host_without_apt(tmp_path: Path) -> None:
    """A host without apt has no sources."""
    assert read(tmp_path / "nowhere") == []
