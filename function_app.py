"""The app: one `DFApp` with the blueprints of the feature folders.

It only puts them together. What each function does is in its own folder; every host
(Azure Functions, Core Tools, funchost) finds the app by the name of this file.
"""

import azure.durable_functions as df
import azure.functions as func

import fanout
import hello
import singleton

# Anonymous, so that plain curl works on every host without a key. It means that whoever can
# reach the app can start work, and on Azure the answer holds the keys of the management URLs:
# put access restrictions or App Service authentication in front, or change the level to FUNCTION.
app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

app.register_functions(hello.bp)
app.register_functions(singleton.bp)
app.register_functions(fanout.bp)
