"""Which generation of the durable SDK is installed, and what the tests take from it.

The two speak to their host in different ways: 1.x over HTTP and in JSON, 2.x over gRPC and in protobuf
messages. Each way is in two modules, a task hub and a wire for replays, and nothing else in these tests
knows a generation.
"""

import azure.durable_functions as df

SECOND = hasattr(df, "DurableFunctionsClient")

if SECOND:
    from tests.app.grpc_hub import GrpcHub as Hub
    from tests.app.grpc_replay import Wire
else:
    from tests.app.http_hub import HttpHub as Hub  # type: ignore[assignment]
    from tests.app.json_replay import Wire  # type: ignore[assignment]

__all__ = ["SECOND", "Hub", "Wire"]
