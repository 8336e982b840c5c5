"""The bundled reference stack. It does not depend on the test harness."""
