"""One POST from inside a node. It prints the status on the first line and the body below, also for an error status.

Arguments: URL HEADERS, the latter as JSON.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

PATIENCE_SECONDS = 5.0


def main(url: str, headers: str) -> None:
    """Send an empty JSON object and print the answer."""
    request = urllib.request.Request(url, data=b"{}", headers=json.loads(headers))
    try:
        answer = urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    print(answer.status)
    print(answer.read().decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
