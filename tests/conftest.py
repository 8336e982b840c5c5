"""For all tests."""

import signal

from hypothesis import HealthCheck, settings

# A job in the background of a shell without job control ignores ctrl-C, and so would everything that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no defect of the code: the examples decide, not their time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
