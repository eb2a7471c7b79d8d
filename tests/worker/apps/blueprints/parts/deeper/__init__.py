"""A blueprint in a package inside the package."""

import azure.durable_functions as df

deeper = df.Blueprint()


@deeper.activity_trigger(input_name="value")
def from_nested_blueprint(value: int) -> str:
    return f"nested {value}"
