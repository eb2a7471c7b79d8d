"""funchost runs a Python v2 Azure Durable Functions app locally with nothing but Python."""

__version__ = "0.1.0"
