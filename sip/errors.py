"""The base of all errors of the telephone system, for both engines."""


class SipError(Exception):
    """Raised by what is under ``sip``; each kind of error is a class of its own beside what raises it."""
