"""HTTP calls from inside a node. Prints a JSON list of status and body, in the order of the calls, also for an error status.

Argument: the calls as a JSON list of [method, URL, headers]. A call that is no GET has an empty JSON object as its body.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

PATIENCE_SECONDS = 5.0


def main(calls: str) -> None:
    """Make each call and print the answers."""
    print(json.dumps([_answer(*call) for call in json.loads(calls)]))


def _answer(method: str, url: str, headers: dict[str, str]) -> tuple[int, str]:
    request = urllib.request.Request(url, data=None if method == "GET" else b"{}", headers=headers, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.read().decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
