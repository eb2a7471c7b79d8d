"""For every test: hypothesis sets no time limit for an example, which a busy machine would break."""

from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
