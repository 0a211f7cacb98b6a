"""The language of the journal: every fact is a dataclass of its own here, with a version (``docs/journal.md``).

``base`` says how they are made, stored and read; a module each holds the facts of calls, of seats, of talks of more
than two, of cases (opened, acted on, called back, sealed), of calls to citizens, of operators, of outage notices and of
the telephone system. ``of_call`` makes them from what happens to a call.
"""

from ivr.facts import callbacks, calls, cases, identities, opened, operators, outages, outgoing, seats, system, talks
from ivr.facts.base import FACTS, Content, NotUnderstood, data_of, read

__all__ = ["FACTS", "Content", "NotUnderstood", "data_of", "read"]
__all__ += ["callbacks", "calls", "cases", "identities", "opened", "operators", "outages", "outgoing"]
__all__ += ["seats", "system", "talks"]
