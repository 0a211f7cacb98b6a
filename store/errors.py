"""The base of all errors of the store."""


class StoreError(Exception):
    """Raised by what is under ``store``; each kind of error is a class of its own beside what raises it."""
