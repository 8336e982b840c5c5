"""For all tests."""

import signal

# A job in the background of a shell without job control ignores ctrl-C, and so would everything that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
