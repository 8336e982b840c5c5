"""Memory admission: answers reserve memory in the simulated accelerator and in the worker's process."""

from __future__ import annotations

import pytest

from services.api_errors import ApiError
from services.worker.memory_admission import MemoryAdmission
from services.worker.settings import WorkerSettings


def admission(**settings: int) -> MemoryAdmission:
    return MemoryAdmission(WorkerSettings(name="w", port=1, token="", **settings))


def test_an_accelerator_takes_what_fits_and_has_it_again_afterwards() -> None:
    small = admission(accelerator_mib=1, accelerator_kib_per_token=64)
    with small.reserved(10), small.reserved(6):
        assert small.taken_kib == 1024
        with pytest.raises(ApiError, match=r"needed: 0.1 MiB, free: 0.0 of 1 MiB") as refused, small.reserved(1):
            pass
    assert (refused.value.code, refused.value.status, small.taken_kib) == ("insufficient_storage", 507, 0)
    with small.reserved(16):
        assert small.taken_kib == 1024


def test_what_is_held_is_given_back_when_the_answer_fails() -> None:
    small = admission(accelerator_mib=1)
    with pytest.raises(ValueError), small.reserved(5):
        raise ValueError
    assert small.taken_kib == 0


def test_a_request_that_does_not_fit_into_memory_is_refused_with_503_and_when_to_come_back() -> None:
    full = admission(memory_mib=1)
    with pytest.raises(ApiError, match="Not enough memory") as refused, full.reserved(1):
        pass
    assert (refused.value.code, refused.value.status, refused.value.headers["Retry-After"]) == ("not_enough_memory", 503, "1")


def test_how_much_a_request_needs_depends_on_its_tokens() -> None:
    ample = admission(memory_mib=4096, memory_kib_per_token=1024)
    with ample.reserved(10):
        pass
    with pytest.raises(ApiError), ample.reserved(5000):
        pass


def test_without_limits_everything_fits() -> None:
    with admission().reserved(1_000_000_000):
        pass
