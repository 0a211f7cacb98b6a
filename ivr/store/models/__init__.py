"""The tables. Time is UTC milliseconds everywhere; ids are UUIDv7 text; JSON is text.

``journal`` is append-only and the truth; ``calls``, ``legs``, ``cases`` with their steps and due dates,
``callbacks`` with their attempts, ``recordings`` and ``outages`` are derived from it (``hotline db rebuild`` recomputes
them, ``ivr/store/projection.py``). Personal data lives only in ``parties``, each row encrypted under its own
key in ``party_keys`` (deleting the key anonymises the person everywhere at once), and, where people wrote
about a case, encrypted in ``case_notes``.
"""

from ivr.store.models.base import Base
from ivr.store.models.calls import (
    Call,
    CallHour,
    DeskCommand,
    Leg,
    LineQuality,
    LiveCall,
    OutgoingCall,
    Recording,
    Seat,
)
from ivr.store.models.cases import (
    Callback,
    CallbackAttempt,
    Case,
    CaseCounter,
    CaseDue,
    CaseNote,
    CaseStep,
    IdentityRequest,
    QueryCode,
    QueryTry,
    Rating,
    SealedIdentity,
)
from ivr.store.models.notices import Delivery, InboxRow, Outage, OutageCustomer, OutboxRow, Report
from ivr.store.models.people import ApiToken, Audit, Draft, Login, PartyKey, PartyRow, RecoveryCode, User
from ivr.store.models.system import CalendarTable, Journal, Mark, Process, Pruning, SetAside

__all__ = [
    "ApiToken",
    "Audit",
    "Base",
    "CalendarTable",
    "Call",
    "CallHour",
    "Callback",
    "CallbackAttempt",
    "Case",
    "CaseCounter",
    "CaseDue",
    "CaseNote",
    "CaseStep",
    "Delivery",
    "DeskCommand",
    "Draft",
    "IdentityRequest",
    "InboxRow",
    "Journal",
    "Leg",
    "LineQuality",
    "LiveCall",
    "Login",
    "Mark",
    "Outage",
    "OutageCustomer",
    "OutboxRow",
    "OutgoingCall",
    "PartyKey",
    "PartyRow",
    "Process",
    "Pruning",
    "QueryCode",
    "QueryTry",
    "Rating",
    "Recording",
    "RecoveryCode",
    "Report",
    "SealedIdentity",
    "Seat",
    "SetAside",
    "User",
]
