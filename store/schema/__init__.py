"""The tables. Time is UTC milliseconds everywhere; ids are UUIDv7 text; JSON is text.

``journal`` is append-only and the truth; ``calls``, ``legs``, ``cases`` with their steps and due dates,
``callbacks`` with their attempts, ``recordings`` and ``outages`` are derived from it (``hotline db rebuild`` recomputes
them, ``store/journal/projection.py``). Personal data lives only in ``parties``, each row encrypted under its own
key in ``party_keys`` (deleting the key anonymises the person everywhere at once), and, where people wrote
about a case, encrypted in ``case_notes``.
"""

from store.schema.base import Base
from store.schema.calls import (
    Call,
    CallHour,
    DeskCommand,
    Leg,
    LineQualityTable,
    LiveCall,
    OutgoingCall,
    QueuePlace,
    Recording,
    Seat,
    SeatAct,
)
from store.schema.cases import (
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
from store.schema.notices import Delivery, InboxRow, Outage, OutageCustomer, OutboxRow, Report
from store.schema.people import ApiToken, Audit, Draft, Login, PartyKey, PartyRow, RecoveryCode, User
from store.schema.system import CalendarTable, Journal, KeyValue, Process, Pruning, SetAside

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
    "KeyValue",
    "Leg",
    "LineQualityTable",
    "LiveCall",
    "Login",
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
    "QueuePlace",
    "Rating",
    "Recording",
    "RecoveryCode",
    "Report",
    "SealedIdentity",
    "Seat",
    "SeatAct",
    "SetAside",
    "User",
]
