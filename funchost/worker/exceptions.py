"""What can go wrong between the host and its workers, one class each."""


class AppLoadError(Exception):
    """The app cannot be loaded: its import, its functions or their signatures are at fault.

    Attributes:
        type: class name of the exception in the worker.
        message: its text.
        stack: its frames in user code; may be empty.
    """

    def __init__(self, type: str, message: str, stack: str = "") -> None:
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message
        self.stack = stack


class WorkerLost(Exception):
    """The worker process died before it answered. Whether the function ran to its end is unknown.

    Attributes:
        pid: the process that died.
        exit_description: how it ended, such as `python exited with code 137 (0x89)`.
        last_lines: the last lines it wrote to stderr.
    """

    def __init__(self, pid: int, exit_description: str, last_lines: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((f"Worker process {pid} died: {exit_description}", *last_lines)))
        self.pid = pid
        self.exit_description = exit_description
        self.last_lines = last_lines


class FunctionTimedOut(Exception):
    """A function ran longer than functionTimeout allows. Its worker process is replaced unless it ends soon.

    Attributes:
        pid: the process that runs it.
    """

    def __init__(self, function: str, timeout: str, pid: int) -> None:
        super().__init__(f"Timeout value of {timeout} was exceeded by function: Functions.{function}")
        self.pid = pid


class PoolStopped(Exception):
    """The workers are being stopped; no new invocation is taken. Call again after the next start."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)
