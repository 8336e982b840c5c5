"""Secrets of a stack."""

from __future__ import annotations

import hashlib

import jwt
import pytest

from hivecheck.stack.secrets import KEY_NAMES, RESTRICTED_MODELS, Secrets


def test_no_secret_shows_in_repr_or_text() -> None:
    secrets = Secrets()
    shown = f"{secrets!r} {secrets}"
    assert not [value for value in secrets.all() if value in shown]


def test_every_stack_draws_secrets_of_its_own() -> None:
    assert not set(Secrets().all()) & set(Secrets().all())


def test_all_names_the_token_the_jwt_secret_and_every_key() -> None:
    secrets = Secrets()
    assert secrets.all() == [secrets.token, secrets.jwt_secret, *(secrets.keys[name] for name in KEY_NAMES)]


def test_the_orchestrator_is_told_hashes_of_keys_never_keys() -> None:
    secrets = Secrets()
    told = secrets.orchestrator_settings()
    assert not [key for key in secrets.keys.values() if key in str(told)]
    assert [key["sha256"] for key in told["api_keys"]] == [hashlib.sha256(key.encode()).hexdigest() for key in secrets.keys.values()]
    limits = {key["name"]: (key["models"], key["tenant"]) for key in told["api_keys"]}
    assert limits == {
        "tester": ([], "hivecheck"),
        "restricted": (list(RESTRICTED_MODELS), "hivecheck"),
        "acme": ([], "acme"),
        "globex": ([], "globex"),
    }


def test_a_minted_token_says_who_and_which_models_under_the_stack_s_secret() -> None:
    secrets = Secrets()
    claims = jwt.decode(secrets.mint("alice", "acme", models=["model-a"]), secrets.jwt_secret, algorithms=["HS256"])
    assert (claims["sub"], claims["tenant"], claims["models"]) == ("alice", "acme", ["model-a"])
    assert "models" not in jwt.decode(secrets.mint("alice", "acme"), secrets.jwt_secret, algorithms=["HS256"])


def test_a_negative_lifetime_mints_an_expired_token() -> None:
    secrets = Secrets()
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(secrets.mint("alice", "acme", lifetime_seconds=-1), secrets.jwt_secret, algorithms=["HS256"])


def test_minted_tokens_are_secrets_too() -> None:
    secrets = Secrets()
    assert secrets.mint("alice", "acme") in secrets.all()
    claims = jwt.decode(secrets.mint("a", "b", organisations=["acme"]), secrets.jwt_secret, algorithms=["HS256"])
    assert claims["organisations"] == ["acme"]
