"""The app that both workers run: functions that take and give all kinds of things."""

import azure.durable_functions as df
import azure.functions as func
import durable
import http_functions

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

app.register_functions(http_functions.bp)
app.register_functions(durable.bp)
