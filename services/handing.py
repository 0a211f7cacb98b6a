"""踢皮球: a caller who was handed over more than once is told to the leads (FST-1), once a call."""

from __future__ import annotations

from collections.abc import Hashable

from services.leads import LeadMatter, TellsLeads
from store.engine import Connection
from store.read.handed_over import handed_around

DAY_MS = 86_400_000  # how far back is looked; nobody was told of it when nothing ran for longer


class HandedAround(TellsLeads):
    """Tells the leads of each call of the last day that was handed over more than once."""

    def found(self, connection: Connection, now: int) -> dict[Hashable, LeadMatter]:
        return {
            call.id: LeadMatter(
                "handed_around", f"handed_around:{call.id}",
                {"call_id": call.id, "seat": call.seat, "window": call.window, "count": call.handed_over},
            )
            for call in handed_around(connection, now - DAY_MS)
        }  # fmt: skip
