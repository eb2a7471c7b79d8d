"""What the blueprints share: types of the SDK, parameters, problem documents, settings, logging.

Nothing here knows a blueprint; the blueprints know nothing of each other.
"""
