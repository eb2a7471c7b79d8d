"""How the command ends: its exit codes, and the error that says why the host cannot start."""

EXIT_STOPPED = 0
EXIT_CANNOT_START = 1
EXIT_BAD_SETTING = 2
EXIT_AT_ONCE = 130


class CannotStart(Exception):
    """The host or its app cannot start; the text says why and what to do."""

    def __init__(self, text: str, exit_code: int = EXIT_CANNOT_START) -> None:
        super().__init__(text)
        self.exit_code = exit_code
