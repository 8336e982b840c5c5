"""Clients: keys, tokens, models and limits."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import jwt
import pytest
from orchestrator_stage import CHAT, KEY, NARROW_KEY, answer, entry, hang, refuse, stage, until

from services.orchestrator.settings import Jwt

SECRET = "a secret of thirty-two characters"


def token(secret: str = SECRET, **changes: Any) -> str:
    claims = {"sub": "carol", "tenant": "acme", "exp": time.time() + 60} | changes
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, secret, algorithm="HS256")


@pytest.mark.parametrize("header", [None, "", "Bearer wrong", "Basic abc", f"bearer{KEY}", "Bearer a.b.c"])
async def test_unknown_key_401(header: str | None) -> None:
    """Every client path answers 401 without a known key."""
    async with stage(answer) as on:
        headers = {} if header is None else {"Authorization": header}
        for method, path in [
            ("POST", "/v1/chat/completions"),
            ("GET", "/v1/models"),
            ("GET", "/models"),
            ("GET", "/v1/x"),
            ("PUT", "/v1/x"),
        ]:
            async with on.client.request(method, on.url + path, headers=headers, json=CHAT) as response:
                assert (response.status, (await response.json())["error"]["code"]) == (401, "invalid_api_key")
                assert response.headers["X-Request-Id"]
        assert on.hits() == 0


async def test_key_model_restriction() -> None:
    """A key can use only its own models."""
    async with stage(answer) as on:
        async with on.chat(key=NARROW_KEY) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (403, "model_not_allowed")
        assert on.hits() == 0


async def test_token_claims_reach_worker() -> None:
    """The worker receives subject and tenant of a JWT."""
    async with stage(answer, jwt=Jwt(secret=SECRET)) as on:
        for _ in range(2):  # The second time the claims are cached.
            async with on.chat(key=token()) as response:
                assert response.status == 200
        for request, _ in on.workers["w1"].requests:
            assert (request.headers["X-Auth-Subject"], request.headers["X-Auth-Tenant"]) == ("carol", "acme")


@pytest.mark.parametrize(
    "bad",
    [
        token(exp=time.time() - 1),
        token(exp=None),
        token(sub=None),
        token(sub="two\nlines"),
        token(models="model-a"),
        token("another secret of thirty-two characters"),
        jwt.encode({"sub": "x", "exp": time.time() + 60}, None, algorithm="none"),
    ],
    ids=["expired", "no exp", "no sub", "control character", "models not a list", "wrong secret", "unsigned"],
)
async def test_bad_token_401(bad: str) -> None:
    """An invalid JWT gets 401."""
    async with stage(answer, jwt=Jwt(secret=SECRET)) as on, on.chat(key=bad) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (401, "invalid_api_key")


async def test_cached_token_expires() -> None:
    """The cache keeps a JWT at most until it expires."""
    async with stage(answer, jwt=Jwt(secret=SECRET)) as on:
        credential = token(exp=time.time() + 1.1)
        async with on.chat(key=credential) as response:
            assert response.status == 200
        remembered = on.gateway.auth.jwt._remembered  # type: ignore[union-attr]
        assert all(until_ <= time.time() + 1.2 for _, until_ in remembered.values())


async def test_token_models_and_audience() -> None:
    """The claims `models` and `aud` of a JWT restrict its use."""
    async with stage(answer, jwt=Jwt(secret=SECRET, audience="gateway")) as on:
        for claims, status in [({"aud": "gateway"}, 200), ({"aud": "other"}, 401), ({}, 401), ({"aud": "gateway", "models": ["x"]}, 403)]:
            async with on.chat(key=token(**claims)) as response:
                assert response.status == status


async def test_models_list() -> None:
    """The model list is the union over routable workers, restricted to the key."""
    async with stage(answer) as on:
        url = on.workers["w1"].url
        both = ("model-b", "org/model-c")
        await on.announce(entry("w1", url), entry("w2", url, models=both), entry("w3", url, models=("offline",), status="offline"))
        for key, expected in [(KEY, ["model-a", "model-b", "org/model-c"]), (NARROW_KEY, ["model-b"])]:
            for path in ("/v1/models", "/models"):
                async with on.get(path, Authorization=f"Bearer {key}") as response:
                    body = await response.json()
                    assert body["object"] == "list"
                    assert [model["id"] for model in body["data"]] == expected
        async with on.get("/v1/models/org/model-c", Authorization=f"Bearer {KEY}") as response:
            assert (await response.json())["object"] == "model"
        async with on.get("/v1/models/offline", Authorization=f"Bearer {KEY}") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (404, "model_not_found")


async def test_unknown_model_404() -> None:
    """An unknown model gets 404 without an attempt."""
    async with stage(answer) as on:
        async with on.chat(CHAT | {"model": "nonsense"}) as response:
            error = (await response.json())["error"]
            assert (response.status, error["code"], error["param"]) == (404, "model_not_found", "model")
        assert on.hits() == 0
        assert set(on.gateway.recorder.stats.report(0)["by_model"]) == {"(unknown)"}


async def test_lost_model_503() -> None:
    """A model without a worker gets 503 with Retry-After if it is declared or was ready recently."""
    async with stage(answer, declared_models=("promised",)) as on:
        await on.announce()
        for model in ("model-a", "promised"):
            async with on.chat(CHAT | {"model": model}) as response:
                assert (response.status, (await response.json())["error"]["code"]) == (503, "no_available_workers")
                assert response.headers["Retry-After"] == "1"


async def test_unknown_model_503_setting() -> None:
    """With `unknown_model_status = 503`, an unknown model gets 503."""
    async with stage(answer, unknown_model_status=503) as on, on.chat(CHAT | {"model": "nonsense"}) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_in_flight_limit() -> None:
    """Requests above `max_in_flight` get 503 with Retry-After."""
    async with stage(hang, max_in_flight=1) as on:
        stuck = asyncio.create_task(on.chat().__aenter__())
        await until(lambda: on.gateway.recorder.in_flight.total == 1)
        async with on.chat() as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
        stuck.cancel()


async def test_stats_count_each_request_once() -> None:
    """The statistics count each request once, by result, status, model and worker."""
    async with stage(answer) as on:
        for body in (CHAT, CHAT, {"model": "model-a"}, CHAT | {"model": "nonsense"}):
            async with on.chat(body):
                pass
        on.workers["w1"].behaviour = refuse(503)
        async with on.chat(), on.chat(key="wrong"):
            pass
        async with on.get("/stats") as response:
            stats = await response.json()
        assert (stats["requests_total"], stats["succeeded"], stats["rejected"], stats["failed"]) == (6, 2, 3, 1)
        assert stats["by_status"] == {"200": 2, "400": 1, "404": 1, "503": 1, "401": 1}
        assert stats["by_model"]["model-a"] == {"requests": 3, "succeeded": 2, "failed": 1, "rejected": 0}
        assert (stats["in_flight"], stats["by_worker"]) == (0, {"w1": 3})


async def test_large_body_413() -> None:
    """A body above the limit gets 413 and is counted."""
    async with stage(answer) as on:
        async with on.chat(None, data=b" " * (17 * 1024 * 1024)) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (413, "request_too_large")
        assert on.gateway.recorder.stats.report(0)["by_status"] == {"413": 1}


async def test_metric_labels_are_bounded() -> None:
    """A client cannot create metric labels."""
    async with stage(answer) as on:
        for model in ("model-a", "evil-1", "evil-2"):
            async with on.chat(CHAT | {"model": model}):
                pass
        async with on.get("/metrics") as response:
            text = await response.text()
        assert "evil" not in text
        assert 'gateway_requests_total{model="model-a",status="200"} 1.0' in text
        assert "gateway_in_flight 0.0" in text


async def test_unknown_path() -> None:
    """A GET on an unknown client path gets 404, and a POST without a body gets 400."""
    async with stage(answer) as on:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with on.client.get(on.url + "/v1/nothing", headers=headers) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (404, "not_found")
        async with on.client.post(on.url + "/v1/nothing", headers=headers) as response:
            assert (response.status, (await response.json())["error"]["param"]) == (400, "model")
