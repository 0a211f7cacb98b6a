"""The base of all errors of voices, audio and the vault."""


class RecordingsError(Exception):
    """Raised by what is under ``recordings``; each kind of error is a class of its own beside what raises it."""
