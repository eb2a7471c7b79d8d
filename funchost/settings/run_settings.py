"""The typed settings of one run: what the flags, the environment and the app's files amount to.

Frozen and plain, so they can be handed down, compared and sent to another process. Where each value
comes from is in `table`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from funchost.conventions.retry_policies import RetryPolicy
from funchost.settings.log_levels import LogLevels

Dispatch = Literal["least-busy", "round-robin"]


class SettingsError(Exception):
    """A flag, a setting or a file is wrong; the text names it, its value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The command line of `funchost start`; None or empty where a flag was not given.

    With a `json_output_file` the JSON lines go there, and standard output stays as it is.
    """

    script_root: Path | None = None
    address: str | None = None
    port: int | None = None
    functions: tuple[str, ...] = ()
    verbose: bool = False
    user_log_level: str | None = None
    json_output: bool = False
    json_output_file: Path | None = None
    instances: int | None = None
    dispatch: Dispatch | None = None
    data_dir: Path | None = None
    adopt_hub: bool = False
    cors: str | None = None
    cors_credentials: bool = False
    enable_auth: bool = False
    anyone_may_call: bool = False
    watch: bool = False


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How many HTTP requests may run at once, and how many may run or wait; None is no limit."""

    max_concurrent: int | None = None
    max_outstanding: int | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What else than Python files restarts the app when it changes: files by name, folders by path."""

    directories: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cors:
    """Which origins a browser may call from; nothing is sent when there are none."""

    origins: tuple[str, ...] = ()
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class HubSettings:
    """The task hub and its limits, each limit for one host instance.

    `max_attempts` is how often work whose worker dies, or that cannot be carried out, is tried before it
    fails. `storage_type` is the store that the app has on Azure; here it is SQLite always.
    """

    name: str
    max_activities: int
    max_orchestrators: int
    max_entities: int
    max_entity_batch: int
    max_orchestration_actions: int
    overridable_states: Literal["NonRunningStates", "AnyState"]
    store_inputs: bool
    default_version: str
    version_match_strategy: Literal["None", "Strict", "CurrentOrOlder"]
    version_failure_strategy: Literal["Reject", "Fail"]
    http_poll_ms: int
    http_answer_limit_bytes: int
    connection_name: str
    storage_type: str
    power_loss_safe: bool
    max_attempts: int
    throw_on_raise_event: bool
    use_forwarded_host: bool
    max_grpc_message_bytes: int
    grpc_http_client_timeout: str
    trace_values: bool
    trace_replays: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything one run needs to know, read once.

    `flags` is the command line it was read from. `watch` is None when changed sources are not looked for.
    `environment` is the whole environment of a worker process. `origins` tells for each knob (a field
    name, or `hub.` and a field name) where its value came from. `warnings` are for the log.
    """

    flags: Flags
    script_root: Path
    script_file: str
    address: str
    host_names: tuple[str, ...]
    port: int
    enable_auth: bool
    watch: Watch | None
    functions: tuple[str, ...]
    verbose: bool
    user_log_level: int | None
    instances: int
    dispatch: Dispatch
    data_dir: Path
    adopt_hub: bool
    route_prefix: str
    custom_headers: Mapping[str, str]
    cors: Cors
    process_count: int
    thread_count: int | None
    hub: HubSettings
    request_limit_bytes: int
    request_limits: RequestLimits
    function_timeout_seconds: float | None
    retry: RetryPolicy | None
    time_zone: str | None
    log_levels: LogLevels
    environment: Mapping[str, str]
    origins: Mapping[str, str]
    warnings: tuple[str, ...]

    def function_selected(self, name: str) -> bool:
        """Whether the allow-list (`--functions`, host.json `functions`) lets this function load."""
        return not self.functions or name.casefold() in {each.casefold() for each in self.functions}
