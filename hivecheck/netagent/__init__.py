"""Packet faults: the netagent, a side-car that shares a node's network namespace, and its client in the harness.

The modules `agent`, `chain`, `packet_queue` and `treatment` are the netagent: standard library only, without slow imports.
`bundle` joins them to one program. `client` and `rule` are the harness's side.
"""
