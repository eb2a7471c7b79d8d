"""One running instance per instance ID: the HTTP function that starts it, or finds it."""

from singleton import starter
from singleton.blueprint import bp

__all__ = ["bp", "starter"]
