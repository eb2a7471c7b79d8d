"""The app behind the conformance tests: one small function for each behaviour they look at.

It runs on any host: `func start` in this folder as well as `funchost start`.
"""

import activities
import azure.durable_functions as df
import azure.functions as func
import client_methods
import entities
import http_functions
import management
import orchestrators
import patterns
import waiting

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

app.register_functions(activities.bp)
app.register_functions(client_methods.bp)
app.register_functions(entities.bp)
app.register_functions(http_functions.bp)
app.register_functions(management.bp)
app.register_functions(orchestrators.bp)
app.register_functions(patterns.bp)
app.register_functions(waiting.bp)
