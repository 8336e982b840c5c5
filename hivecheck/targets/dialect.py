"""The conventions of a gateway that no public standard decides. The checks of the reference demand its own, a target declares others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from hivecheck.checks.standard import OWN

# Checks that look at conventions. A check keeps the reference's convention where a target's limits do not replace it.
OF_MARKED_ANSWERS = ("served_by_model", "taken_over", "one_attempt_each")
OF_CODES = ("refusal", "batch_outcome", "broken_stream", "broke_off", "unaffected")
OF_REQUEST_IDS = ("refusal", "verbatim", "own_answer")
OF_ADVICE = ("refusal", "batch_outcome", "sdk_exception")
OF_DRAIN = ("batch_outcome",)
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Dialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which conventions it has. Each default is what the standards leave open.

    * `marks_answers`: `X-Worker-Id` and `X-Attempts` in responses.
    * `codes`: the reference's error code -> the gateway's. A code that is absent here is not judged.
    * `request_id`: `echo` (the client's X-Request-Id returns), `own` (X-Request-Id of the gateway), or the name of another header.
    * `passes_headers`: unknown headers of clients reach the worker.
    * `models_paths`: where it lists its models.
    * `says_when_done`: a 503 has Retry-After, and a failure after the last attempt has `x-should-retry: false`.
    * `drains_by`: a draining gateway answers 503, or refuses connections.
    """

    marks_answers: bool = True
    codes: dict[str, Text] = {}
    request_id: Text = OWN
    passes_headers: bool = True
    models_paths: tuple[Text, ...] = ("/v1/models",)
    says_when_done: bool = False
    drains_by: Literal["503", "refuse"] = "503"

    def allowances(self) -> dict[str, dict[str, Any]]:
        """Check -> limits that hold for this dialect instead of those for the reference."""
        found: dict[str, dict[str, Any]] = {}

        def hold(checks: tuple[str, ...], **limits: Any) -> None:
            for check in checks:
                found.setdefault(check, {}).update(limits)

        hold(OF_CODES, codes=self.codes)
        hold(OF_REQUEST_IDS, request_id=self.request_id)
        hold(("unchanged", "verbatim"), passes_headers=self.passes_headers)
        if not self.marks_answers:
            hold(OF_MARKED_ANSWERS, is_marked=False)
        if not self.says_when_done:
            hold(OF_ADVICE, says_when_done=False)
        if self.drains_by == "refuse":
            hold(OF_DRAIN, refuses_when_draining=True)
        return found
