"""The host as the command line starts it: one instance in this process, or several under a supervisor."""

import os
import signal

from funchost import console, host_instance, supervisor
from funchost.exits import EXIT_STOPPED, CannotStart
from funchost.role import Role
from funchost.settings import Settings


def run(settings: Settings) -> int:
    """Serve the app until a signal comes; returns the exit code of the process."""
    for number in host_instance.STOP_SIGNALS:
        signal.signal(number, _leave)
    console.print_banner(settings)
    role = Role(on_ready=lambda seconds: console.print_ready(settings, seconds))
    try:
        listening = host_instance.listen(settings)
    except CannotStart as problem:
        return host_instance.give_up(problem)
    if settings.instances > 1:
        return supervisor.run(settings, listening, role)
    return host_instance.run_instance(settings, listening, role)


def _leave(number: int, frame: object) -> None:
    """Obey a stop that comes before anything runs that would have to be stopped."""
    console.flush()
    # Not by an exception: one that is raised here in the midst of an import may be ignored.
    os._exit(EXIT_STOPPED)
