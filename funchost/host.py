"""The host as the command line starts it: one instance in this process, or several under a supervisor."""

import time

from funchost import console, host_instance, supervisor
from funchost.settings.model import Settings


def run(settings: Settings) -> int:
    """Serve the app until a signal comes; returns the exit code of the process."""
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
