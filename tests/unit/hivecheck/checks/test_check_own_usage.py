"""Check: own usage."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, state, tell

from hivecheck.checks.usage.own_usage import own_usage
from hivecheck.history import Event

ACME = {"key": "acme", "requests": 2, "prompt_tokens": 4, "completion_tokens": 8}
GLOBEX = {"key": "globex", "requests": 1, "prompt_tokens": 2, "completion_tokens": 4}


def journals(*tenants: str) -> list[Event]:
    lines = []
    for number, tenant in enumerate(tenants, 1):
        one = chat(number)
        lines.append(arrival(one, headers={"x-auth-subject": tenant, "x-auth-tenant": tenant}))
        lines.append(end(one, prompt_tokens=2, output_tokens=4))
    return lines


def shown(tenant: str, *totals: dict[str, Any]) -> Event:
    return state("orchestrator", own_usage={"tenant": tenant, "totals": list(totals)})


ALL = journals("acme", "acme", "globex")


def test_each_tenant_with_its_own_passes_and_a_third_sees_nothing() -> None:
    must_say(own_usage(tell(ALL, shown("acme", ACME), shown("globex", GLOBEX), shown("third"))), PASSED)


@pytest.mark.parametrize("wrong", [[ACME, GLOBEX], [], [ACME | {"requests": 3}], [ACME | {"completion_tokens": 9}]])
def test_anything_more_less_or_other_fails(wrong: list[dict[str, Any]]) -> None:
    must_say(own_usage(tell(ALL, shown("acme", *wrong))), FAILED, "acme sees its own usage")


def test_requests_of_one_tenant_only_or_nothing_shown_is_inconclusive() -> None:
    must_say(own_usage(tell(journals("acme"), shown("acme", ACME))), INCONCLUSIVE)
    must_say(own_usage(tell(ALL)), INCONCLUSIVE)
