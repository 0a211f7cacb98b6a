"""The base of all errors of the rules: what was asked cannot be, and the text says what to write instead."""


class IvrError(Exception):
    """Raised by what is under ``ivr``; each kind of error is a class of its own beside what raises it."""
