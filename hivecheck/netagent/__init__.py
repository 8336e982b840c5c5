"""Faults of single packets: an agent in a side-car that shares a node's network namespace, and its client for the harness.

`agent`, `chain`, `packet_queue` and `treatment` are the agent: standard library only, and nothing of it that is slow to import. `bundle`
makes them one program. `client` and `rule` are the harness's side.
"""
