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


def test_a_mirror_is_found_in_the_newer_format(tmp_path: Path) -> None:
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
def test_a_mirror_is_found_in_the_older_format(tmp_path: Path, line: str, keyring: str | None) -> None:
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
def test_a_source_that_is_off_or_does_not_serve_the_release_is_passed_over(tmp_path: Path, text: str) -> None:
    assert mirror_of("bookworm", read(folder(tmp_path, {"sources.list.d/debian.sources": text}))) is None


def test_a_key_inside_the_source_is_left_to_the_host_s_own_keyring(tmp_path: Path) -> None:
    inline = STANZAS.replace("Signed-By: /usr/share/keyrings/some.gpg", "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==")
    actual = mirror_of("bookworm", read(folder(tmp_path, {"sources.list.d/debian.sources": inline})))
    assert actual is not None and actual.keyring is None


def test_a_host_without_apt_has_no_sources(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere") == []
