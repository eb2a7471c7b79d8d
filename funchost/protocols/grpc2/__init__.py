"""The protocol of azure-functions-durable 2.x: protobuf messages in base64; the SDK keeps the books.

The only room but the gRPC door that imports durabletask and protobuf. It does no I/O.
"""

from importlib import import_module

try:
    import_module("durabletask.internal.orchestrator_service_pb2")
except ImportError as error:
    raise ImportError(
        "The app's durable functions need azure-functions-durable 2.x, whose messages cannot be loaded: "
        f"{error}. Run: pip install 'azure-functions-durable>=2.0.0rc3,<3'"
    ) from error
