"""Facts of sealed identities: of anonymous reporters, who asked to see one, and what was decided."""

from __future__ import annotations

from ivr.facts.base import Content, fact


@fact("case", record_only=True)
class IdentitySealed(Content):
    """Who an anonymous reporter is was kept, sealed.

    Example: {"who": "李强"}
    """

    who: str


@fact("case", record_only=True)
class IdentityAsked(Content):
    """The custodian was asked to open it; why in the reason.

    Example: {"who": "王芳"}
    """

    who: str


@fact("case", record_only=True)
class IdentityOpened(Content):
    """The custodian opened it; why in the reason.

    Example: {"who": "custodian"}
    """

    who: str


@fact("case", record_only=True)
class IdentityDeclined(Content):
    """The custodian left it sealed; why in the reason.

    Example: {"who": "custodian"}
    """

    who: str
