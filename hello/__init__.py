"""The smallest durable example, and the HTTP function that starts any orchestrator."""

from hello import chain, starter
from hello.blueprint import bp

__all__ = ["bp", "chain", "starter"]
