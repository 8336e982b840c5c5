"""The bundled reference stack. It knows nothing of the harness that tests it."""
