"""What a person sees: the start-up texts and the log lines. Other rooms hand over plain data.

Nothing here decides anything about the run.
"""

from funchost.console.log_lines import setup_logging
from funchost.console.output import flush
from funchost.console.start_up import (
    print_banner,
    print_changes,
    print_end,
    print_failed_start,
    print_functions,
    print_keys,
    print_knobs,
    print_ready,
    print_sdk,
    print_stopping,
)

__all__ = [
    "flush",
    "print_banner",
    "print_changes",
    "print_end",
    "print_failed_start",
    "print_functions",
    "print_keys",
    "print_knobs",
    "print_ready",
    "print_sdk",
    "print_stopping",
    "setup_logging",
]
