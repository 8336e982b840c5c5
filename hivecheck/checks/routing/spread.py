"""The gateway distributes the requests: each worker of the model, or each hive, received its share of them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hivecheck.checks import balancing as shares
from hivecheck.checks.balancing import Balancing, Bounds, ByServer
from hivecheck.checks.facts import session_of
from hivecheck.errors import Reason
from hivecheck.history import Event, History, Operation, journal_pairs
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, figures, listed

REFERENCE = Balancing.LEAST_LOADED_IN_TURN


def spread(
    history: History,
    *,
    workers: Sequence[str],
    at_least: float,
    at_most: float = math.inf,
    places: Mapping[str, str] | None = None,
    balancing: Balancing | None = REFERENCE,
    senders: int = 1,
) -> Verdict:
    """`at_least`: below 1 a share of the requests, else a number of them. `at_most` is a number. The workers' journals count.

    Both are promises of the reference's balancing. Any other `balancing` has its own bounds instead. None: the target declares none.
    `senders` is how many processes of the gateway choose on their own. With `places` (worker -> hive) `workers` are hives.
    """
    load = _load(history, workers, places or {})
    requests, arrivals = counted(len(load.operations), "request"), figures(dict.fromkeys(workers, 0) | load.counts)
    if load.counts.total() < len(load.operations) or not load.operations or len(workers) < 2 or not all(load.weights.values()):
        expected = f"at least two workers of {listed(workers)}, and {requests} in journals"
        return inconclusive(expected=expected, actual=f"arrivals {arrivals}")
    if balancing is Balancing.BY_PREFIX and (alike := len(load.operations) - len(set(map(_opening, load.operations)))):
        expected = "prompts that differ from their first word, so that no request has to follow another"
        return no_room(expected=expected, actual=f"{alike} of {requests} with a prompt of another one")
    written = _written(load, workers, at_least, at_most)
    bounds, basis = _promise(history, load, balancing, senders, written)
    promised = f"{_ranges(bounds, len(load.arrivals))} of {requests}; {basis}"
    if any(load.counts[name] not in bounds[name] for name in workers):
        if balancing is None:
            remedy = "declare `balancing` in the target file; docs/targets.md has the words"
            return inconclusive(expected=promised, actual=f"arrivals {arrivals}, and the target declares no balancing", remedy=remedy)
        return failed(expected=promised, actual=f"arrivals {arrivals}")
    # A bound that nothing can break would pass for any gateway.
    if at_most < math.inf and load.counts.total() <= at_most:
        return no_room(expected=f"more than {at_most:g} requests, so that one worker could receive too many", actual=f"arrivals {arrivals}")
    if any(bound.least < 1 for bound in bounds.values()):
        needed = _power(balancing, load)
        remedy = "send such a load, or exempt the scenario in the target file"
        return inconclusive(expected=needed, actual=f"arrivals {arrivals}", remedy=remedy, reason=Reason.NO_ROOM)
    return passed(f"arrivals {arrivals}: {promised}")


@dataclass(frozen=True)
class _Load:
    """The requests that a gateway was free to send to any server, and their arrivals. `places`: worker -> the server that it counts for."""

    operations: list[Operation]
    arrivals: list[Event]
    places: Mapping[str, str]
    weights: shares.Weights

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.places.get(line.node, line.node) for line in self.arrivals)


def _load(history: History, servers: Sequence[str], places: Mapping[str, str]) -> _Load:
    # A server has a share of requests only once it is ready, and a session is no free choice.
    ready = [line.at for line in history.journal("ready") if places.get(line.node, line.node) in servers]
    operations = [one for one in history.operations() if session_of(one) is None and one.started_at >= max(ready, default=-math.inf)]
    arrivals = [line for operation in operations for line in history.arrivals(operation)]
    workers_of = Counter(places.values()) if places else Counter(servers)
    return _Load(operations, arrivals, places, {server: workers_of[server] for server in servers})


def _promise(history: History, load: _Load, balancing: Balancing | None, senders: int, written: ByServer) -> tuple[ByServer, str]:
    """What the balancing promises for this load, and how often a fair gateway misses it."""
    attempts = len(load.arrivals)
    if balancing is REFERENCE:
        by_chance = shares.odds(shares.miss_probability(attempts, load.weights, written))
        return written, f"the balancing {balancing} promises this bound, and a fair random balancer misses it {by_chance}"
    if balancing is Balancing.ROUND_ROBIN:
        requests = len(load.operations)
        bounds = shares.turn_bounds(requests, load.weights, senders=senders, repeated=attempts - requests)
    elif balancing is Balancing.LEAST_LOADED:
        most, running = _at_once(history, load)
        bounds = shares.load_bounds(attempts, load.weights, most_at_once=most, running=running, senders=senders)
    else:
        by_chance = shares.odds(shares.ERROR_PROBABILITY)
        return shares.random_bounds(attempts, load.weights), f"a fair random balancer misses this bound {by_chance}"
    return bounds, f"a fair gateway with balancing {balancing} never misses this bound"


def _at_once(history: History, load: _Load) -> tuple[int, shares.Weights]:
    """The most judged requests at one worker at the same time, and how many others each server had when the first of them arrived."""
    judged, first = set(map(id, load.arrivals)), min(line.at for line in load.arrivals)
    spans: dict[str, list[tuple[float, float]]] = {}
    running: Counter[str] = Counter()
    for line, end in journal_pairs(history):
        until = end.at if end else math.inf
        if id(line) in judged:
            spans.setdefault(line.node, []).append((line.at, until))
        elif until >= first:
            running[load.places.get(line.node, line.node)] += 1
    return max(sum(start <= at < stop for start, stop in one) for one in spans.values() for at, _ in one), running


def _written(load: _Load, servers: Sequence[str], at_least: float, at_most: float) -> ByServer:
    # Requests are whole, so a share of them rounds up: fewer than 32.2 are fewer than 33.
    least = math.ceil(at_least * len(load.operations)) if at_least < 1 else int(at_least)
    return dict.fromkeys(servers, Bounds(least, len(load.arrivals) if at_most == math.inf else int(at_most)))


def _power(balancing: Balancing | None, load: _Load) -> str:
    """What would give the bound power."""
    if balancing is Balancing.LEAST_LOADED:
        return f"two requests of this load at the same worker at the same time, because {balancing} promises no share among empty queues"
    if balancing is Balancing.ROUND_ROBIN:
        return "more requests than workers"
    needed = shares.requests_needed(load.weights)
    return f"{counted(needed, 'request')} or more, because a random balancer leaves out a server of fewer more than once in 10,000 runs"


def _ranges(bounds: ByServer, requests: int) -> str:
    texts = {name: _range(bound, requests) for name, bound in bounds.items()}
    if len(set(texts.values())) == 1:
        return f"each of {listed(bounds)} receives {next(iter(texts.values()))}"
    return f"the servers receive {figures(texts)}"


def _range(bound: Bounds, requests: int) -> str:
    if bound.least == bound.most:
        return f"exactly {bound.least}"
    return f"{bound.least} to {bound.most}" if bound.most < requests else f"at least {bound.least}"


def _opening(operation: Operation) -> str:
    """Where the prompt begins: its first word."""
    messages = operation.request.get("messages") or [{}]
    text = operation.request.get("prompt", messages[0].get("content", ""))
    return (text if isinstance(text, str) else json.dumps(text)).split(" ", 1)[0]
