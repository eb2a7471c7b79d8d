"""The host as the command line starts it: one instance in this process, or several under a supervisor."""

import signal
import time

from funchost import console, host_instance, supervisor
from funchost.settings.model import Settings


def run(settings: Settings) -> int:
    """Serve the app until a signal comes; returns the exit code of the process."""
    for number in host_instance.STOP_SIGNALS:
        signal.signal(number, _leave)
    console.print_banner(settings)
    began = time.monotonic()
    try:
        listening = host_instance.listen(settings)
    except host_instance.CannotStart as problem:
        return host_instance.give_up(problem)

    def announce() -> None:
        console.print_ready(settings, time.monotonic() - began)

    if settings.instances > 1:
        return supervisor.run(settings, listening, announce)
    return host_instance.run_instance(settings, listening, host_instance.Role(on_ready=announce))


def _leave(number: int, frame: object) -> None:
    """Obey a stop that comes before anything runs that would have to be stopped."""
    raise SystemExit(host_instance.EXIT_STOPPED)
