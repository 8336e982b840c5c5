"""Secrets of a stack."""

from __future__ import annotations

import hashlib

import jwt
import pytest

from hivecheck.stack.secrets import KEY_NAMES, RESTRICTED_MODELS, Secrets


def test_repr_hides_secrets() -> None:
    """Neither repr nor str shows a secret."""
    secrets = Secrets()
    text = f"{secrets!r} {secrets}"
    assert not [value for value in secrets.all() if value in text]


def test_secrets_differ() -> None:
    """Every stack has secrets of its own."""
    assert not set(Secrets().all()) & set(Secrets().all())


def test_all_secrets() -> None:
    """all() contains the token, the JWT secret and every key."""
    secrets = Secrets()
    assert secrets.all() == [secrets.token, secrets.jwt_secret, *(secrets.keys[name] for name in KEY_NAMES)]


def test_settings_have_hashes() -> None:
    """The orchestrator's settings contain hashes of the keys, never the keys."""
    secrets = Secrets()
    settings = secrets.orchestrator_settings()
    assert not [key for key in secrets.keys.values() if key in str(settings)]
    assert [key["sha256"] for key in settings["api_keys"]] == [hashlib.sha256(key.encode()).hexdigest() for key in secrets.keys.values()]
    limits = {key["name"]: (key["models"], key["organisations"], key["tenant"]) for key in settings["api_keys"]}
    assert limits == {
        "tester": ([], [], "hivecheck"),
        "restricted": (list(RESTRICTED_MODELS), [], "hivecheck"),
        "partner": ([], ["globex-labs", "acme"], "hivecheck"),
        "acme": ([], [], "acme"),
        "globex": ([], [], "globex"),
    }


def test_minted_token() -> None:
    """A minted token has subject and models, signed with the stack's secret."""
    secrets = Secrets()
    claims = jwt.decode(secrets.mint("alice", "acme", models=["model-a"]), secrets.jwt_secret, algorithms=["HS256"])
    assert (claims["sub"], claims["tenant"], claims["models"]) == ("alice", "acme", ["model-a"])
    assert "models" not in jwt.decode(secrets.mint("alice", "acme"), secrets.jwt_secret, algorithms=["HS256"])


def test_expired_token() -> None:
    """A negative lifetime mints an expired token."""
    secrets = Secrets()
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(secrets.mint("alice", "acme", lifetime_seconds=-1), secrets.jwt_secret, algorithms=["HS256"])


def test_minted_token_is_secret() -> None:
    """Minted tokens are among the secrets."""
    secrets = Secrets()
    assert secrets.mint("alice", "acme") in secrets.all()
    claims = jwt.decode(secrets.mint("a", "b", organisations=["acme"]), secrets.jwt_secret, algorithms=["HS256"])
    assert claims["organisations"] == ["acme"]
