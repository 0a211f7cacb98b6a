"""The one error all commands answer with a clear sentence and exit code 3."""


class CannotRun(Exception):
    """Something needed is not there or not free; the text says what, and what to do."""
