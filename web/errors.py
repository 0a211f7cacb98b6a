"""The base of all errors of the panel; most become an answer with a status in ``web/problems.py``."""


class WebError(Exception):
    """Raised by what is under ``web``; each kind of error is a class of its own beside what raises it."""
