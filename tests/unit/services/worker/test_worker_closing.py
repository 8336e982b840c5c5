"""Connections with a limited number of requests."""

from __future__ import annotations

import http.client
import json

import pytest
from chat_bodies import chat_body
from worker_process import CHAT, TOKEN, WorkerFactory


def test_connection_limit(start_worker: WorkerFactory) -> None:
    """The worker aborts a connection at the request after its limit, and never reads that request."""
    worker = start_worker(requests_per_connection=2)
    for _ in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=5)
        for _ in range(2):
            connection.request("POST", CHAT, json.dumps(chat_body(stream=False)), {"X-Cluster-Token": TOKEN})
            assert connection.getresponse().read()
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            connection.request("POST", CHAT, json.dumps(chat_body(stream=False)), {"X-Cluster-Token": TOKEN})
            connection.getresponse()
        connection.close()
    peers = [line["peer"] for line in worker.journal() if line["event"] == "arrival"]
    assert len(peers) == 4
    assert len(set(peers)) == 2
