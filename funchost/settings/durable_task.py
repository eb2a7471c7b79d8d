"""host.json `extensions.durableTask`: the task hub, its limits, and what is only checked.

Every key the extension knows is checked for its type, since the real host would not start with a wrong
one. Those that matter to a local host become HubSettings; those that change behaviour on Azure only are
named in one warning.
Source: Durable Functions extension, DurableTaskOptions and AzureStorageOptions.
"""

from __future__ import annotations

from typing import Any, TypeVar

from funchost.settings.app_settings import AppSettings
from funchost.settings.configuration import Configuration
from funchost.settings.model import HubSettings, Known, Origins, SettingsError
from funchost.settings.task_hub_name import task_hub_name

T = TypeVar("T")

_SECTION = "extensions.durableTask"
_PER_CORE = 10

_TRUTHS = (
    "localRpcEndpointEnabled",
    "throwStatusExceptionsOnRaiseEvent",
    "rollbackEntityOperationsOnExceptions",
    "extendedSessionsEnabled",
    "useAppLease",
    "useGracefulShutdown",
    "httpSettings.useForwardedHost",
    "tracing.traceInputsAndOutputs",
    "tracing.traceReplayEvents",
    "tracing.distributedTracingEnabled",
    "storageProvider.fetchLargeMessagesAutomatically",
    "storageProvider.useLegacyPartitionManagement",
    "storageProvider.useTablePartitionManagement",
    "storageProvider.allowReplayingTerminalInstances",
)
_WHOLE_NUMBERS = (
    "entityMessageReorderWindowInMinutes",
    "extendedSessionIdleTimeoutInSeconds",
    "maxGrpcMessageSizeInBytes",
    "storageProvider.controlQueueBatchSize",
)
_TIME_SPANS = (
    "storageProvider.controlQueueVisibilityTimeout",
    "storageProvider.workItemQueueVisibilityTimeout",
    "storageProvider.maxQueuePollingInterval",
)
_BOUNDED = {
    "storageProvider.partitionCount": (1, 16, "PartitionCount must be an integer value between 1 and 16."),
    "storageProvider.controlQueueBufferThreshold": (
        1,
        1000,
        "ControlQueueBufferThreshold must be between 1 and 1000.",
    ),
}

# What changes behaviour on Azure and nothing here, with the value (in lower case) that changes nothing there.
_ONLY_ON_AZURE = {
    "extendedSessionsEnabled": "false",
    "localRpcEndpointEnabled": "true",
    "throwStatusExceptionsOnRaiseEvent": "true",
    "storageProvider.type": "azurestorage",
    "storageProvider.allowReplayingTerminalInstances": "false",
    "tracing.distributedTracingEnabled": "false",
}


def read_hub(
    configuration: Configuration, app_settings: AppSettings, cores: int, origins: Origins
) -> HubSettings:
    """The hub's settings; notes the origin of each as `hub.` and its field name.

    Raises SettingsError for what the extension would refuse at start, in its words.
    """
    configuration.section(_SECTION)
    _check_the_rest(configuration)
    reader = _Reader(configuration, origins)
    name = reader.note("name", task_hub_name(configuration.text(f"{_SECTION}.hubName"), app_settings))
    return HubSettings(
        name=name,
        max_activities=reader.positive("max_activities", "maxConcurrentActivityFunctions", _PER_CORE * cores),
        max_orchestrators=reader.positive(
            "max_orchestrators", "maxConcurrentOrchestratorFunctions", _PER_CORE * cores
        ),
        max_entities=reader.positive("max_entities", "maxConcurrentEntityFunctions", _PER_CORE * cores),
        max_entity_batch=reader.positive("max_entity_batch", "maxEntityOperationBatchSize", 5000),
        max_orchestration_actions=reader.positive(
            "max_orchestration_actions", "maxOrchestrationActions", 100_000
        ),
        overridable_states=reader.choice(
            "overridable_states", "overridableExistingInstanceStates", ("NonRunningStates", "AnyState")
        ),
        store_inputs=reader.truth("store_inputs", "storeInputsInOrchestrationHistory"),
        default_version=reader.text("default_version", "defaultVersion", ""),
        version_match_strategy=reader.choice(
            "version_match_strategy", "versionMatchStrategy", ("CurrentOrOlder", "None", "Strict")
        ),
        version_failure_strategy=reader.choice(
            "version_failure_strategy", "versionFailureStrategy", ("Reject", "Fail")
        ),
        http_poll_ms=reader.positive(
            "http_poll_ms", "httpSettings.defaultAsyncRequestSleepTimeMilliseconds", 30_000
        ),
        connection_name=reader.note("connection_name", _connection_name(configuration)),
        power_loss_safe=reader.note("power_loss_safe", _power_loss_safe(app_settings)),
    )


def only_on_azure(configuration: Configuration) -> str | None:
    """The one warning that names what has an effect on Azure but none here; None when there is nothing."""
    named = [
        key
        for key, without_effect in _ONLY_ON_AZURE.items()
        if (entry := configuration.entry(f"{_SECTION}.{key}"))
        and entry.text.strip().casefold() != without_effect
    ]
    if configuration.section(f"{_SECTION}.notifications"):
        named.append("notifications")
    if not named:
        return None
    return f"{_SECTION}: these change what happens on Azure and have no effect here: {', '.join(named)}."


class _Reader:
    """Reads keys of the section with their defaults and notes where each value came from."""

    def __init__(self, configuration: Configuration, origins: Origins) -> None:
        self._configuration = configuration
        self._origins = origins

    def note(self, field: str, known: Known[T]) -> T:
        return self._origins.note(f"hub.{field}", known)

    def positive(self, field: str, key: str, default: int) -> int:
        # The extension's own words name the property, which is the last part of the key, with a capital.
        name = key.rpartition(".")[2]
        allowed = f"{name[0].upper()}{name[1:]} must be a positive integer value."
        known = self._configuration.whole_number(f"{_SECTION}.{key}", 1, allowed)
        return self.note(field, known or Known(default, "default"))

    def truth(self, field: str, key: str) -> bool:
        return self.note(field, self._configuration.truth(f"{_SECTION}.{key}") or Known(False, "default"))

    def text(self, field: str, key: str, default: str) -> str:
        return self.note(field, self._configuration.text(f"{_SECTION}.{key}") or Known(default, "default"))

    def choice(self, field: str, key: str, names: tuple[str, ...]) -> Any:
        """One of the names; the first is the default."""
        known = self._configuration.choice(f"{_SECTION}.{key}", names)
        return self.note(field, known or Known(names[0], "default"))


def _connection_name(configuration: Configuration) -> Known[str]:
    known = configuration.text(f"{_SECTION}.storageProvider.connectionName") or configuration.text(
        f"{_SECTION}.storageProvider.connectionStringName"
    )
    if known is None or not known.value:
        return Known("Storage", "default")
    # URLs show the usual connection without its prefix.
    return Known("Storage" if known.value == "AzureWebJobsStorage" else known.value, known.origin)


def _power_loss_safe(app_settings: AppSettings) -> Known[bool]:
    name = "FUNCHOST_POWER_LOSS_SAFE"
    known = app_settings.known(name)
    if known is None:
        return Known(False, "default")
    value = {"true": True, "false": False}.get(known.value.strip().casefold())
    if value is None:
        raise SettingsError(f"{name} is '{known.value}' ({known.origin}). It must be true or false.")
    return Known(value, known.origin)


def _check_the_rest(configuration: Configuration) -> None:
    for key in _TRUTHS:
        configuration.truth(f"{_SECTION}.{key}")
    for key in _WHOLE_NUMBERS:
        configuration.whole_number(f"{_SECTION}.{key}", 0, "It must be a whole number, 0 or more.")
    for key in _TIME_SPANS:
        configuration.seconds(f"{_SECTION}.{key}")
    for key, (least, most, allowed) in _BOUNDED.items():
        known = configuration.whole_number(f"{_SECTION}.{key}", least, allowed)
        entry = configuration.entry(f"{_SECTION}.{key}")
        if known and entry and known.value > most:
            raise entry.wrong(allowed)
