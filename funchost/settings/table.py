"""Every setting in one table: where it may stand, of what kind it is, its default, the field it fills.

Rows without a field are checked only: the original would not start with a wrong value, so a wrong value is
found here and not after the deployment. What a kind allows is in `kinds`.
Source: azure-functions-host, ScriptJobHost options and worker process count; azure-functions-python-worker,
thread pool; Durable Functions extension, DurableTaskOptions and AzureStorageOptions.
"""

import os
from typing import Any

from funchost.settings import kinds
from funchost.settings.kinds import choice, positive, text, truth, whole
from funchost.settings.reading import Kind, Row, SectionKind

DURABLE_TASK = "extensions.durableTask"


def usable_cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _durable(field: str, key: str, kind: Kind | SectionKind, default: Any = None, **more: Any) -> Row:
    return Row(field, kind, default, key=f"{DURABLE_TASK}.{key}", **more)


_PER_CORE = 10 * usable_cores()
_PYTHONS_THREADS = min(32, usable_cores() + 4)
_NOT_NEGATIVE = whole(0, allowed="It must be a whole number, 0 or more.")

TABLE = (
    # First, because nothing else counts for an app in another language.
    Row("", kinds.python, setting="FUNCTIONS_WORKER_RUNTIME"),
    # What the command line gives, and the two files in its place.
    Row("address", kinds.address, "127.0.0.1", flag="--address", local="LocalHttpAddress"),
    Row("port", kinds.port, 7071, flag="--port", local="LocalHttpPort"),
    Row("cors.origins", kinds.origins, (), flag="--cors", local="CORS"),
    Row("cors.credentials", truth, False, local="CORSCredentials"),
    Row("instances", whole(1, 64), 1, flag="--instances"),
    Row("dispatch", choice("least-busy", "round-robin"), "least-busy", flag="--dispatch"),
    Row("functions", kinds.names("functions", "function names"), (), flag="--functions", key="functions"),
    Row("user_log_level", kinds.log_level, None, flag="--user-log-level", setting="FUNCTIONS_USER_LOG_LEVEL"),
    # App settings.
    Row("script_file", kinds.script_file, "function_app.py", setting="PYTHON_SCRIPT_FILE_NAME"),
    Row("process_count", kinds.process_count, 1, setting="FUNCTIONS_WORKER_PROCESS_COUNT"),
    Row(
        "thread_count",
        whole(
            1,
            allowed=f"It must be a whole number of 1 or more; {_PYTHONS_THREADS} threads are used, the "
            "default of Python's thread pool.",
        ),
        None,  # for which the host sets 1000
        setting="PYTHON_THREADPOOL_THREAD_COUNT",
        in_place_of_wrong=_PYTHONS_THREADS,
    ),
    Row(
        "request_limit_bytes",
        whole(1, 2**63 - 1, "It must be a number of bytes, 1 or more."),
        100 * 1024 * 1024,
        setting="FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
    ),
    Row("host_names", kinds.host_names, (), setting="FUNCHOST_HOST_NAMES"),
    Row("time_zone", text, None, setting="WEBSITE_TIME_ZONE"),
    Row("time_zone", text, None, setting="TZ"),
    Row("hub.power_loss_safe", truth, False, setting="FUNCHOST_POWER_LOSS_SAFE"),
    Row("hub.max_attempts", whole(1, 1000), 5, setting="FUNCHOST_MAX_ATTEMPTS"),
    Row(
        "hub.http_answer_limit_bytes",
        whole(1, allowed="It must be a number of bytes, 1 or more."),
        32 * 1024 * 1024,
        setting="FUNCHOST_HTTP_ANSWER_LIMIT",
    ),
    # host.json.
    Row("function_timeout_seconds", kinds.function_timeout, 1800.0, key="functionTimeout"),
    Row("retry", kinds.RETRY, key="retry"),
    Row(
        "watch.directories",
        kinds.names("watchDirectories", "folders in the app's folder"),
        (),
        key="watchDirectories",
    ),
    Row("watch.files", kinds.names("watchFiles", "file names"), (), key="watchFiles"),
    Row("log_levels.rules", kinds.LOG_RULES, {}, key="logging.logLevel"),
    Row("route_prefix", kinds.route_prefix, "api", key="extensions.http.routePrefix"),
    Row("custom_headers", kinds.HEADERS, {}, key="extensions.http.customHeaders"),
    Row("request_limits.max_concurrent", kinds.request_limit, key="extensions.http.maxConcurrentRequests"),
    Row("request_limits.max_outstanding", kinds.request_limit, key="extensions.http.maxOutstandingRequests"),
    # host.json, durable functions.
    _durable("hub.name", "hubName", text, ""),
    _durable("hub.max_activities", "maxConcurrentActivityFunctions", positive, _PER_CORE),
    _durable("hub.max_orchestrators", "maxConcurrentOrchestratorFunctions", positive, _PER_CORE),
    _durable("hub.max_entities", "maxConcurrentEntityFunctions", positive, _PER_CORE),
    _durable("hub.max_entity_batch", "maxEntityOperationBatchSize", positive, 5000),
    _durable("hub.max_orchestration_actions", "maxOrchestrationActions", positive, 100_000),
    _durable(
        "hub.overridable_states",
        "overridableExistingInstanceStates",
        choice("NonRunningStates", "AnyState"),
        "NonRunningStates",
    ),
    _durable("hub.store_inputs", "storeInputsInOrchestrationHistory", truth, False),
    _durable("hub.default_version", "defaultVersion", text, ""),
    _durable(
        "hub.version_match_strategy",
        "versionMatchStrategy",
        choice("CurrentOrOlder", "None", "Strict"),
        "CurrentOrOlder",
    ),
    _durable("hub.version_failure_strategy", "versionFailureStrategy", choice("Reject", "Fail"), "Reject"),
    _durable("hub.http_poll_ms", "httpSettings.defaultAsyncRequestSleepTimeMilliseconds", positive, 30_000),
    _durable("hub.connection_name", "storageProvider.connectionName", kinds.connection_name, "Storage"),
    _durable("hub.connection_name", "storageProvider.connectionStringName", kinds.connection_name, "Storage"),
    _durable("hub.storage_type", "storageProvider.type", text, "AzureStorage"),
    _durable("hub.trace_values", "tracing.traceInputsAndOutputs", truth, False),
    _durable("hub.trace_replays", "tracing.traceReplayEvents", truth, False),
    _durable("hub.throw_on_raise_event", "throwStatusExceptionsOnRaiseEvent", truth, False),
    _durable("hub.use_forwarded_host", "httpSettings.useForwardedHost", truth, False),
    _durable("hub.max_grpc_message_bytes", "maxGrpcMessageSizeInBytes", positive, 4 * 1024 * 1024),
    _durable("hub.grpc_http_client_timeout", "grpcHttpClientTimeout", kinds.time_span_text, "00:01:40"),
    # host.json, durable functions: what changes something on Azure only.
    _durable("", "extendedSessionsEnabled", truth, unnoticed_as="false"),
    _durable("", "localRpcEndpointEnabled", truth, unnoticed_as="true"),
    _durable("", "storageProvider.allowReplayingTerminalInstances", truth, unnoticed_as="false"),
    _durable("", "tracing.distributedTracingEnabled", truth, unnoticed_as="false"),
    _durable("", "notifications", kinds.ANYTHING, unnoticed_as=""),
    # host.json, durable functions: what has no meaning for a local file.
    _durable("", "rollbackEntityOperationsOnExceptions", truth),
    _durable("", "useAppLease", truth),
    _durable("", "useGracefulShutdown", truth),
    _durable("", "entityMessageReorderWindowInMinutes", _NOT_NEGATIVE),
    _durable("", "extendedSessionIdleTimeoutInSeconds", _NOT_NEGATIVE),
    _durable("", "storageProvider.fetchLargeMessagesAutomatically", truth),
    _durable("", "storageProvider.useLegacyPartitionManagement", truth),
    _durable("", "storageProvider.useTablePartitionManagement", truth),
    _durable("", "storageProvider.controlQueueBatchSize", _NOT_NEGATIVE),
    _durable("", "storageProvider.controlQueueVisibilityTimeout", kinds.time_span_text),
    _durable("", "storageProvider.workItemQueueVisibilityTimeout", kinds.time_span_text),
    _durable("", "storageProvider.maxQueuePollingInterval", kinds.time_span_text),
    _durable(
        "",
        "storageProvider.partitionCount",
        whole(1, 16, "PartitionCount must be an integer value between 1 and 16."),
    ),
    _durable(
        "",
        "storageProvider.controlQueueBufferThreshold",
        whole(1, 1000, "ControlQueueBufferThreshold must be between 1 and 1000."),
    ),
)
