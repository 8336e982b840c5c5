"""The words that the project gave up, each with the word that replaces it. A row is a pattern of whole words, in any case.

A row stands here only if it hardly ever has another meaning. Words with a second, ordinary meaning (lie, gone, front) carry their context.
"""

from __future__ import annotations

import re

_ROWS = (
    # faults
    (r"strikes?|struck|striking", "inject, injection, injected"),
    (r"bit(e|es|ten|ing)|(it|they|that|which) bit", "has an effect, took effect"),
    (r"victims?", "fault target"),
    (r"blows?", "planned fault"),
    (r"wedge[sd]?|wedging", "process pause, hang, hung"),
    (
        r"freez(e|es|ing)|froze|the frozen|frozen (workers?|hives?|process(es)?|nodes?|containers?|gateways?|peers?)",
        "container pause, paused",
    ),
    (r"(a|the|its|this|every|no|health) lie|lied|lies about|liars?", "gray failure"),
    (r"hoard(s|ed|ing)?", "connection exhaustion"),
    (r"exhaustion of memory", "OOM kill"),
    (r"starvation of processor time", "CPU throttling"),
    (r"half-open deaths?", "silent crash"),
    (r"disconnection of|a disconnection", "network disconnect"),
    (r"hail of resets", "connection reset"),
    (r"loss of (all packets|[\d<{_].{0,12} of the packets)", "packet loss"),
    (r"loss of the first packet", "SYN loss"),
    (r"model sources?", "model hub"),
    (r"cures?|cured", "removal, remove"),
    (r"lease of a fault|fault's lease", "duration of a fault"),
    (r"powers(?! of)|(no|lacks?|lacking|have|has|needs?|which|the|a) (the )?power(?! (of|cut|cuts|loss|supply|failure))", "capability"),
    (r"interference", "packet fault"),
    (r"guests?|guest numbers?", "extra node"),
    # the world of a scenario
    (r"actors?", "collaborator"),
    (r"the judge|a judge|judge's", "checker"),
    (r"waves?", "batch"),
    (r"leavers?", "cancelled request, client that disconnects, removed worker"),
    (r"mishaps?|quirks?|oddity|oddities", "behaviour"),
    (r"flaws?|flawed", "malformed request, defect"),
    (r"rivals?", "direct request"),
    (r"stubborn(ly)?", "ignores SIGTERM"),
    (r"intruders?", "hostile client"),
    (r"newcomers?", "new worker, new connection, new user"),
    (r"standstills?|stands? still|stood still|standing still", "stall"),
    (r"trials?", "sub-run"),
    (r"reapers?", "cleanup"),
    # the stack
    (r"undertakers?", "orphan killer"),
    (r"bur(y|ies|ied)", "kill, remove"),
    (r"last (will|words?)", "orphan guard, final event"),
    (r"suspect(s|ed|ing)?|suspicions?", "ejected (gateway), unconfirmed (registry), passive health"),
    (r"bookkeeping|bookkeepers?", "request recorder"),
    (r"carry-?overs?", "registry grace"),
    (r"upkeep", "maintenance"),
    (r"errands?", "job"),
    (r"knobs?", "setting, fault type"),
    (r"doors?", "open port, internal endpoint, connection limiter"),
    (r"feign(s|ed|ing)?", "simulate"),
    (r"letterheads?|parcels?", "request head, raw request"),
    (r"knock(s|ed|ing)?", "connect, try again"),
    (r"(the|a|its|each|every|another|one) front(?! (end|page|line))", "gateway"),
    (r"turn(s|ed|ing)? away", "reject"),
    (r"dawdl(e|es|ed|ing)", "delay"),
    # time budgets, by the names that steps give them
    (r"lost contact time", "partition detection time"),
    (r"contact again time", "partition recovery time"),
    (r"client gone time", "cancellation time"),
    (r"booking lag", "ledger lag"),
    (r"database notice", "database fault detection"),
    (r"on probation|probations?", "half-open"),
    # death, speech and sight
    (r"(is|are|was|were|be|being|been) (all )?gone|the gone", "has exited, is absent, was removed, is closed"),
    (r"the dead(?=[.,;:)])|goes? down|went down", "has exited, stops, crashed"),
    (r"told", "notified, reported, receives, description"),
    (r"said", "reported, message, log line"),
    (r"(what|that|of what|all that) (was|is|were) (seen|shown)|(seen|shown)(?=:)", "observed, actual:"),
    (r"wanted(?=:)", "expected:"),
    (r"got(?=:)", "actual:"),
)

OLD_WORDS = tuple(
    (re.compile(rf"(?<![\w-])(?:{pattern.replace(' ', chr(92) + 's+')})(?![\w-])", re.IGNORECASE), new) for pattern, new in _ROWS
)
