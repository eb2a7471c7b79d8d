"""A WSGI application behind HTTP."""

import azure.functions as func


def application(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode() + b" " + environ["wsgi.input"].read()]


app = func.WsgiFunctionApp(application, http_auth_level=func.AuthLevel.ANONYMOUS)
