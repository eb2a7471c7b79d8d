"""What runs inside a worker process: load the app, convert data with the SDK's converters, run functions.

Only the standard library, `azure.functions` and what the app itself imports may be imported here: a worker
starts once per process and per restart, and the app pays for every import.
"""
