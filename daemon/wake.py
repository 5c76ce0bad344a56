"""What ends the loop's wait: any thread may wake it, and one waking covers all before it.

An `eventfd`-like latch on `threading.Event`: watchdog, timers, workers and signal callbacks set it,
the main thread alone waits and clears it. A lost hint costs one reconcile interval, never
correctness.
"""

import threading


class Wake:
    def __init__(self) -> None:
        self._event = threading.Event()

    def up(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Return when woken or after *seconds*, whichever comes first."""
        self._event.wait(seconds)
        self._event.clear()
