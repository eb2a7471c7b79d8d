"""The blueprint that the modules of this folder register their functions with."""

from shared import durable

bp = durable.new_blueprint()
