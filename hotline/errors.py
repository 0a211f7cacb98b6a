"""The base of all errors of commands and processes, and the one all commands answer with exit code 3."""


class HotlineError(Exception):
    """Raised by what is under ``hotline``; each kind of error is a class of its own beside what raises it."""


class CannotRun(HotlineError):
    """Something needed is not there or not free; the text says what, and what to do."""
