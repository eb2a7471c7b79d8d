"""An ASGI application behind HTTP."""

import azure.functions as func


async def application(scope, receive, send):
    message = await receive()
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": scope["method"].encode() + b" " + message["body"]})


app = func.AsgiFunctionApp(application, http_auth_level=func.AuthLevel.ANONYMOUS)
