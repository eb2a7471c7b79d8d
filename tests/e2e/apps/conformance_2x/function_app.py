"""The app behind the tests of what SDK 2.x alone can do. Needs azure-functions-durable 2.x."""

import azure.durable_functions as df
import azure.functions as func
import client_methods
import entities
import exports
import orchestrators

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.configure_scheduled_tasks()
app.configure_history_export(exports.FolderWriter())

app.register_functions(client_methods.bp)
app.register_functions(entities.bp)
app.register_functions(exports.bp)
app.register_functions(orchestrators.bp)
