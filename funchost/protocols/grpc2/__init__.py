"""The protocol of azure-functions-durable 2.x: protobuf messages in base64, for which the SDK keeps the books.

The only room but the gRPC door that imports durabletask and protobuf. It does no I/O.
"""
