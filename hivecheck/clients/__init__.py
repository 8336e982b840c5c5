"""How the harness talks to a stack: the control plane with requests, the data plane over `hivecheck.protocol`."""
