"""The protocols of the two SDK generations, one room each, behind one interface.

`json1` is that of azure-functions-durable 1.x, `grpc2` that of 2.x. The second is imported only for an app
that needs it.
"""
