"""Expectations: Durable Functions extension, host.json `extensions.durableTask`."""

from __future__ import annotations

from typing import Any

import pytest

from funchost.settings import SettingsError
from funchost.settings.table import usable_cores
from tests.settings.conftest import Load


def test_the_defaults_are_those_of_the_extension_on_one_machine(load_app: Load) -> None:
    hub = load_app().hub
    assert hub.name == "TestHubName"
    assert hub.max_activities == hub.max_orchestrators == hub.max_entities == 10 * usable_cores()
    assert (hub.max_entity_batch, hub.max_orchestration_actions) == (5000, 100_000)
    assert (hub.overridable_states, hub.store_inputs) == ("NonRunningStates", False)
    assert (hub.default_version, hub.version_match_strategy) == ("", "CurrentOrOlder")
    assert (hub.version_failure_strategy, hub.http_poll_ms) == ("Reject", 30_000)
    assert (hub.connection_name, hub.power_loss_safe, hub.max_attempts) == ("Storage", False, 5)
    assert (hub.storage_type, hub.throw_on_raise_event, hub.use_forwarded_host) == (
        "AzureStorage",
        False,
        False,
    )
    assert (hub.max_grpc_message_bytes, hub.grpc_http_client_timeout) == (4_194_304, "00:01:40")


@pytest.mark.parametrize(
    ("durable", "field", "value"),
    [
        ({"hubName": "MyHub"}, "name", "MyHub"),
        ({"maxConcurrentActivityFunctions": 7}, "max_activities", 7),
        ({"maxConcurrentOrchestratorFunctions": "8"}, "max_orchestrators", 8),
        ({"maxconcurrententityfunctions": 9}, "max_entities", 9),
        ({"maxEntityOperationBatchSize": 50}, "max_entity_batch", 50),
        ({"maxOrchestrationActions": 12}, "max_orchestration_actions", 12),
        ({"overridableExistingInstanceStates": "anystate"}, "overridable_states", "AnyState"),
        ({"storeInputsInOrchestrationHistory": True}, "store_inputs", True),
        ({"defaultVersion": "1.2"}, "default_version", "1.2"),
        ({"versionMatchStrategy": "Strict"}, "version_match_strategy", "Strict"),
        ({"versionFailureStrategy": "fail"}, "version_failure_strategy", "Fail"),
        ({"httpSettings": {"defaultAsyncRequestSleepTimeMilliseconds": 500}}, "http_poll_ms", 500),
        ({"httpSettings": {"useForwardedHost": True}}, "use_forwarded_host", True),
        ({"throwStatusExceptionsOnRaiseEvent": True}, "throw_on_raise_event", True),
        ({"maxGrpcMessageSizeInBytes": 8_000_000}, "max_grpc_message_bytes", 8_000_000),
        ({"grpcHttpClientTimeout": "00:03:00"}, "grpc_http_client_timeout", "00:03:00"),
        ({"storageProvider": {"type": "azureManaged"}}, "storage_type", "azureManaged"),
        ({"storageProvider": {"connectionName": "Mine"}}, "connection_name", "Mine"),
        ({"storageProvider": {"connectionStringName": "Older"}}, "connection_name", "Older"),
        ({"storageProvider": {"connectionName": "AzureWebJobsStorage"}}, "connection_name", "Storage"),
    ],
)
def test_each_setting_of_the_file_is_obeyed(
    load_app: Load, durable: dict[str, Any], field: str, value: object
) -> None:
    settings = load_app(durable=durable)
    assert getattr(settings.hub, field) == value
    assert settings.origins[f"hub.{field}"] == "host.json"
    assert settings.warnings == ()


def test_null_leaves_the_default(load_app: Load) -> None:
    assert load_app(durable={"maxEntityOperationBatchSize": None}).hub.max_entity_batch == 5000


def test_an_app_setting_beats_the_file_in_any_case(load_app: Load) -> None:
    name = "AZUREFUNCTIONSJOBHOST__extensions__durabletask__MAXCONCURRENTACTIVITYFUNCTIONS"
    settings = load_app({name: "3"}, durable={"maxConcurrentActivityFunctions": 7})
    assert settings.hub.max_activities == 3
    assert settings.origins["hub.max_activities"] == f"app setting {name}"


@pytest.mark.parametrize("value", [0, -1, 1.5, "ten", True, 2**31, ""])
@pytest.mark.parametrize(
    "key",
    [
        "maxConcurrentActivityFunctions",
        "maxConcurrentOrchestratorFunctions",
        "maxConcurrentEntityFunctions",
        "maxEntityOperationBatchSize",
    ],
)
def test_a_limit_that_is_not_positive_is_refused_in_the_words_of_the_extension(
    load_app: Load, key: str, value: Any
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(durable={key: value})
    text = str(caught.value)
    assert text.startswith(f"host.json: extensions.durableTask.{key} is ")
    assert text.endswith(f"{key[0].upper()}{key[1:]} must be a positive integer value.")


def test_a_wrong_override_is_named_by_the_app_setting(load_app: Load) -> None:
    name = "AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions"
    with pytest.raises(SettingsError) as caught:
        load_app({name: "many"})
    assert str(caught.value) == (
        f'app setting {name} is "many". MaxConcurrentActivityFunctions must be a positive integer value.'
    )


@pytest.mark.parametrize(
    ("durable", "said"),
    [
        (
            {"storageProvider": {"partitionCount": 17}},
            "PartitionCount must be an integer value between 1 and 16.",
        ),
        (
            {"storageProvider": {"partitionCount": 0}},
            "PartitionCount must be an integer value between 1 and 16.",
        ),
        (
            {"storageProvider": {"controlQueueBufferThreshold": 1001}},
            "ControlQueueBufferThreshold must be between 1 and 1000.",
        ),
        ({"overridableExistingInstanceStates": "Some"}, "It must be NonRunningStates or AnyState."),
        ({"versionMatchStrategy": "Newer"}, "It must be CurrentOrOlder, None or Strict."),
        ({"versionFailureStrategy": "Ignore"}, "It must be Reject or Fail."),
        ({"storeInputsInOrchestrationHistory": "yes"}, "It must be true or false."),
        ({"useGracefulShutdown": 1}, "It must be true or false."),
        ({"tracing": {"traceReplayEvents": "on"}}, "It must be true or false."),
        ({"storageProvider": {"controlQueueVisibilityTimeout": "5 min"}}, "It must be a time span"),
        ({"extendedSessionIdleTimeoutInSeconds": "x"}, "It must be a whole number"),
        (
            {"httpSettings": {"defaultAsyncRequestSleepTimeMilliseconds": 0}},
            "DefaultAsyncRequestSleepTimeMilliseconds must be a positive integer value.",
        ),
        ({"grpcHttpClientTimeout": "a while"}, "It must be a time span"),
        ({"maxGrpcMessageSizeInBytes": 0}, "MaxGrpcMessageSizeInBytes must be a positive integer value."),
        ({"useAppLease": True, "useGracefulShutdown": "soon"}, "It must be true or false."),
        ({"storageProvider": "AzureStorage"}, "It must be an object."),
        ({"hubName": {"a": 1}}, "It must be a single value."),
        ({"maxOrchestrationActions": [5]}, "It must be a single value."),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(
    load_app: Load, durable: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app(durable=durable)
    assert str(caught.value).startswith("host.json: extensions.durableTask.")
    assert said in str(caught.value)


def test_harmless_settings_are_accepted_in_silence(load_app: Load) -> None:
    durable = {
        "useAppLease": True,
        "unknownThing": {"a": [1]},
        "storageProvider": {
            "type": "AzureStorage",
            "partitionCount": 8,
            "maxQueuePollingInterval": "00:00:05",
        },
        "extendedSessionsEnabled": False,
    }
    assert load_app(durable=durable).warnings == ()


def test_what_has_an_effect_on_azure_only_is_named_in_one_warning(load_app: Load) -> None:
    durable = {
        "storageProvider": {"type": "mssql"},
        "localRpcEndpointEnabled": True,
        "extendedSessionsEnabled": True,
        "notifications": {"eventGrid": {"topicEndpoint": "https://x"}},
    }
    (warning,) = load_app(durable=durable).warnings
    assert warning == (
        "extensions.durableTask: these change what happens on Azure and have no effect here: "
        "extendedSessionsEnabled, notifications."
    )


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("", False)])
def test_power_loss_safety_is_an_app_setting(load_app: Load, text: str, value: bool) -> None:
    assert load_app({"FUNCHOST_POWER_LOSS_SAFE": text}).hub.power_loss_safe is value


def test_another_value_for_power_loss_safety_is_refused(load_app: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app({"FUNCHOST_POWER_LOSS_SAFE": "1"})
    assert str(caught.value) == "FUNCHOST_POWER_LOSS_SAFE is '1' (environment). It must be true or false."


@pytest.mark.parametrize("count", [1, 1000])
def test_how_often_work_is_tried_is_an_app_setting(load_app: Load, count: int) -> None:
    settings = load_app({"FUNCHOST_MAX_ATTEMPTS": str(count)})
    assert settings.hub.max_attempts == count
    assert settings.origins["hub.max_attempts"] == "environment"


@pytest.mark.parametrize("text", ["0", "1001", "often"])
def test_another_number_of_attempts_is_refused(load_app: Load, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_app({"FUNCHOST_MAX_ATTEMPTS": text})
    assert str(caught.value) == (
        f"FUNCHOST_MAX_ATTEMPTS is '{text}' (environment). It must be a whole number from 1 to 1000."
    )
