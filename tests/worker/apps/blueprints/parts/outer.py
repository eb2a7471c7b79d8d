"""A blueprint in a package of the app."""

import azure.durable_functions as df
import azure.functions as func

outer = df.Blueprint()


@outer.route(route="outer")
def from_blueprint(req: func.HttpRequest) -> str:
    return "outer"
