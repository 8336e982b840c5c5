"""The state of the cluster: workers, nodes, gateway, registry, models, catalogues."""
