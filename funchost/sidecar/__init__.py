"""The gRPC door of a host instance: what clients of SDK 2.x ask of the durable engine.

Named after the service it serves, TaskHubSidecarService. It is loaded only for an app that needs it.
"""
