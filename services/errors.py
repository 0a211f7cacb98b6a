"""The base of all errors of those who act; a rule that forbids something raises ``ivr.cases.actions.ActionRefused``."""


class ServiceError(Exception):
    """Raised by what is under ``services``; each kind of error is a class of its own beside what raises it."""
