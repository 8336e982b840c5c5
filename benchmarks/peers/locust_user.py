"""What Locust runs, in an environment of its own: users that send chats and time the first token of a stream.

As most users of Locust do, it calls an answer with the status 200 and a whole body a success. It knows nothing of the schedule.
"""

from __future__ import annotations

import json
import os
import time

from locust import FastHttpUser, constant_throughput, task

TOKENS, IS_STREAM = int(os.environ["PEER_TOKENS"]), os.environ["PEER_STREAM"] == "1"
RATE = float(os.environ["PEER_RATE"])  # of one user; 0 is as fast as it can
MESSAGES = [{"role": "user", "content": "hello"}]
BODY = json.dumps(
    {"model": "truth", "messages": MESSAGES, "max_tokens": TOKENS, "stream": IS_STREAM, "stream_options": {"include_usage": True}}
).encode()
PATH, HEADERS = "/v1/chat/completions", {"Content-Type": "application/json"}


class Chats(FastHttpUser):
    wait_time = constant_throughput(RATE) if RATE else lambda self: 0.0
    connection_timeout = network_timeout = 60.0

    @task
    def chat(self) -> None:
        if not IS_STREAM:
            self.client.post(PATH, data=BODY, headers=HEADERS, name="chat")
            return
        begun = time.perf_counter()
        with self.client.post(
            "/v1/chat/completions", data=BODY, headers=HEADERS, stream=True, catch_response=True, name="headers"
        ) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
                return
            try:
                first = self._read(answer)
            except Exception as error:  # of its HTTP client, in many kinds
                answer.failure(f"{type(error).__name__} {error}")
                return
            answer.success()
        ended = time.perf_counter()
        self._note("ttft", first - begun)
        self._note("e2e", ended - begun)

    def _read(self, answer: object) -> float:
        """Parse each event. Returns when the first token came."""
        first = 0.0
        while line := answer._response.readline(b"\n\n"):
            if line.startswith(b"data: {"):
                chunk = json.loads(line[6:])
                if not first and chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                    first = time.perf_counter()
        return first

    def _note(self, name: str, seconds: float) -> None:
        self.environment.events.request.fire(
            request_type="chat", name=name, response_time=1000 * seconds, response_length=0, exception=None, context={}
        )
