"""An app whose functions come from blueprints in packages beside it."""

import azure.durable_functions as df
from parts.deeper import deeper
from parts.outer import outer

app = df.DFApp()


@app.activity_trigger(input_name="value")
def own(value: int) -> int:
    return value


app.register_functions(outer)
app.register_functions(deeper)
