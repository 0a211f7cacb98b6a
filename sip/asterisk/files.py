"""Asterisk's configuration as text: settings in, files out. Nothing is read or written here.

A dedicated Asterisk gets all :func:`files`; one that is there already gets :func:`additions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from sip.asterisk.acl import only, single
from sip.asterisk.ami_events import QUALITY_VARIABLE, WATCHED
from sip.asterisk.auth import IDENTIFIED, auth, nobody
from sip.asterisk.config import TRUNK, TRUNK_OUT, AsteriskConfig, Site, Wss, ami_secret
from sip.asterisk.modules import modules
from sip.asterisk.texts import ENCRYPTION, INDICATIONS, LOGGER, OUTGOING
from sip.asterisk.transports import over, server_uri, transports
from sip.core.config import SeatConfig, TrunkConfig
from sip.core.phones import MOST

TRIES = 40  # of 250 ms: how long a leg waits for a hotline that restarts
PAUSE_S = 0.25
MESSAGE_S = 180  # longest message of a caller whom no hotline answered
SILENCE_S = 5
CNG_MS = 400  # of the 500 that a fax's tone lasts, give or take 15 % (ITU-T T.30 §4.3.3)
GLOBAL = (("type", "global"), ("user_agent", "open-hotline"), ("endpoint_identifier_order", IDENTIFIED))
PATIENCE_S = 4  # a phone that has not answered OPTIONS by then does not
SESSION_S = 90  # the shortest that RFC 4028 §4 allows: asked after 45 s, a dead far end is found within two minutes


def clean(value: object) -> str:
    """A value for one line of a configuration file: nothing in it can begin another line or a comment.

    Control characters go (a line break would start a setting of its own); ``;`` is escaped.
    """
    text = "".join(char for char in str(value) if char >= " " and char != "\x7f")
    return text.replace(";", "\\;")


def files(site: Site) -> dict[str, str]:
    """Every file of a dedicated Asterisk by name, complete and commented."""
    return {
        "asterisk.conf": _asterisk(site),
        "modules.conf": modules(site),
        "logger.conf": LOGGER,
        "http.conf": _http(site.engine, site.wss),
        "ari.conf": "[general]\nenabled = yes\n\n" + _ari_user(site.engine),
        "manager.conf": _manager(site.engine),
        "rtp.conf": _rtp(site),
        "pjsip.conf": _pjsip(site),
        "extensions.conf": "; All calls, from outside and to seats, go through one loop.\n" + dialplan(site),
        "indications.conf": INDICATIONS,
        "cdr.conf": "; The hotline keeps its own journal.\n[general]\nenable = no\n",
        "cel.conf": "[general]\nenable = no\n",
        **{name: f"; {_DEFAULTS}\n" for name in _UNCHANGED},
    }


def additions(site: Site) -> dict[str, str]:
    """What to add to an Asterisk that is there already, by the file it belongs to."""
    seats = [text for seat in site.seats.values() for text in _seat(seat, site)]
    seats += [_test_caller(name, site) for name in sorted(site.engine.test_callers)]
    return {
        "http.conf": "; in [general], if not set already:\n;   enabled = yes\n;   bindaddr = 127.0.0.1\n",
        "ari.conf": _ari_user(site.engine),
        **({"manager.conf": _MANAGER_HINT + _manager_user(site.engine)} if site.engine.ami else {}),
        "extensions.conf": dialplan(site),
        "pjsip.conf": "; The operators' phones, unless you have them already under these names.\n\n" + "\n".join(seats),
    }


def dialplan(site: Site) -> str:
    """The loop every leg goes through.

    ``Stasis()`` fails at once while no hotline is connected. A leg then waits for it, so that nobody is lost while
    a hotline restarts; when it does not come back the caller hears an apology and can leave a message.
    """
    app, context = clean(site.engine.app), clean(site.engine.context)
    left, sorry = clean(site.left), clean(site.sorry)
    headers = [place for place in site.engine.called_in if place != "request"]
    read = "".join(_header(place) for place in headers)
    told = ",".join(
        ["${HOTLINE_CALLED}", "${CALLERID(num-pres)}", "${CHANNEL(pjsip,remote_addr)}"]
        + [f"{place}=${{{_variable(place)}}}" for place in headers]
        + ["seat=${HOTLINE_SEAT}"]
    )
    return f"""\
; While no hotline is connected a call waits {TRIES * PAUSE_S:g} s for it. Then the caller is told that we
; are very sorry and can leave a message, which the hotline finds when it is back.
[{context}]
exten => s,1,Set(HOTLINE_CALLED=${{FILTER(+*#0-9a-zA-Z,${{FROM_DID}})}}) ; FROM_DID: FreePBX
 same => n,Goto({context}-call,s,1)
exten => _[+*#0-9a-zA-Z]!,1,Set(HOTLINE_CALLED=${{FILTER(+*#0-9a-zA-Z,${{EXTEN}})}})
 same => n,Goto({context}-call,s,1)

[{context}-call]
exten => s,1,Set(TRIES=0)
{read} same => n,Set(TONE_DETECT(1100,{CNG_MS},rn(2)g({context}-call,fax,1))=) ; a fax that calls: its tone, twice
 same => n(again),Stasis({app},call,{told})
 same => n,GotoIf($["${{STASISSTATUS}}" = "SUCCESS"]?done)
 same => n,Set(TRIES=$[${{TRIES}} + 1])
 same => n,Wait({PAUSE_S:g})
 same => n,GotoIf($[${{TRIES}} < {TRIES}]?again)
 same => n,Answer()
 same => n,Playback({sorry})
 same => n,Set(WHO=${{FILTER(0-9+,${{CALLERID(num)}})}})
 same => n,Set(MESSAGE={left}/${{EPOCH}}_${{UNIQUEID}}) ; names of files are seen by many: no number stands in one
 same => n,Set(FILE(${{MESSAGE}}.who)=${{WHO}}_${{HOTLINE_CALLED}})
 same => n,Record(${{MESSAGE}}.wav,{SILENCE_S},{MESSAGE_S},kq)
 same => n(done),Hangup()

exten => fax,1,Stasis({app},fax)
 same => n,Hangup()

; A seat that lifted its phone. It is told nothing while it waits; its caller hears the hotline.
[{context}-seat]
exten => s,1,Set(TRIES=0)
 same => n(again),Stasis({app},seat,${{HOTLINE_LINE}})
 same => n,GotoIf($["${{STASISSTATUS}}" = "SUCCESS"]?done)
 same => n,Set(TRIES=$[${{TRIES}} + 1])
 same => n,Wait({PAUSE_S:g})
 same => n,GotoIf($[${{TRIES}} < {TRIES}]?again)
 same => n(done),Hangup()
"""


def _variable(header: str) -> str:
    return f"HOTLINE_{header.upper().replace('-', '_')}"


def _header(header: str) -> str:
    """The digits of the number in a header, between the scheme and the host."""
    name = _variable(header)
    steps = (f"PJSIP_HEADER(read,{header})", f"CUT({name},@,1)", f"CUT({name},:,2-)", f"FILTER(0-9+,${{{name}}})")
    return "".join(f" same => n,Set({name}=${{{step}}})\n" for step in steps)


# --- one file each ------------------------------------------------------------------------------


def _section(name: str, lines: Iterable[tuple[str, object]]) -> str:
    return f"[{clean(name)}]\n" + "".join(f"{key} = {clean(value)}\n" for key, value in lines)


def _asterisk(site: Site) -> str:
    home = site.home
    own: list[tuple[str, Path]] = [
        ("astetcdir", home),
        ("astrundir", home / "run"),
        ("astlogdir", home / "log"),
        ("astspooldir", site.engine.spool.parent),
        ("astvarlibdir", home / "state"),
        ("astdbdir", home / "state"),
        ("astkeydir", home / "state"),
    ]
    if site.modules:
        own.append(("astmoddir", site.modules))
    # The documentation Asterisk reads at its start is in its data folder.
    own.append(("astdatadir", site.data or Path("/usr/share/asterisk")))
    directories = "".join(f"{key} => {clean(path)}\n" for key, path in own)
    options = _section(
        "options",
        [("verbose", 2), ("transmit_silence", "yes"), ("defaultlanguage", "zh"), ("hideconnect", "yes")],
    )
    return f"; Start with: asterisk -f -C {clean(home / 'asterisk.conf')}\n[directories]\n{directories}\n{options}"


def _rtp(site: Site) -> str:
    """Once a source was heard only it counts; another has to show four packets in sequence (``strictrtp``)."""
    first, last = site.rtp_range
    return _section("general", [("rtpstart", first), ("rtpend", last), ("strictrtp", "yes"), ("probation", 4)])


# Asterisk looks for these too; empty, they keep its start free of false alarms.
_UNCHANGED = ("acl.conf", "ccss.conf", "features.conf", "pjproject.conf", "resolver_unbound.conf", "stasis.conf",
              "udptl.conf", "websocket_client.conf")  # fmt: skip
_DEFAULTS = "Nothing set: Asterisk's defaults."


def _http(engine: AsteriskConfig, wss: Wss | None) -> str:
    where = urlsplit(engine.url)
    lines: list[tuple[str, object]] = [
        ("enabled", "yes"),
        ("bindaddr", where.hostname or "127.0.0.1"),
        ("bindport", where.port or 8088),
    ]
    text = "; ARI for the hotline on this machine. Never open this port to a network.\n"
    if wss:
        text += "; The TLS port is for /ws alone: let a reverse proxy in front pass only that path.\n"
        host = f"[{wss.host}]" if ":" in wss.host else wss.host
        lines += [
            ("tlsenable", "yes"),
            ("tlsbindaddr", f"{host}:{wss.port}"),
            ("tlscertfile", wss.cert),
            ("tlsprivatekey", wss.key),
        ]
    return text + _section("general", lines)


def _ari_user(engine: AsteriskConfig) -> str:
    return _section(engine.user, [("type", "user"), ("read_only", "no"), ("password", engine.secret)])


def _manager(engine: AsteriskConfig) -> str:
    if engine.ami is None:
        return _section("general", [("enabled", "no")])
    host, port = engine.ami
    general: list[tuple[str, object]] = [
        ("enabled", "yes"),
        ("webenabled", "no"),
        ("bindaddr", host),
        ("port", port),
        ("displayconnects", "no"),
        ("authtimeout", 10),
        ("authlimit", 10),
    ]
    return "; What happens on the lines, for the hotline on this machine. Never open this port to a network.\n" + (
        _section("general", general) + "\n" + _manager_user(engine)
    )


def _manager_user(engine: AsteriskConfig) -> str:
    """Reads only: ``reporting`` lets it ask for registrations, nothing lets it change anything."""
    host = engine.ami[0] if engine.ami else "127.0.0.1"
    wanted = [
        *((f"eventfilter(action(include),name({name}))", "") for name in WATCHED),
        ("eventfilter(action(include),name(VarSet),header(Variable),method(exact))", QUALITY_VARIABLE),
    ]
    lines: list[tuple[str, object]] = [
        ("secret", ami_secret(engine)),
        ("deny", "0.0.0.0/0.0.0.0"),
        ("permit", f"{host}/255.255.255.255"),
        ("read", "system,security,reporting,dialplan"),
        ("write", "reporting"),
        ("writetimeout", 5000),
        *wanted,
    ]
    return _section(engine.user, lines)


_MANAGER_HINT = """\
; in [general], if not set already:
;   enabled = yes
;   bindaddr = 127.0.0.1
; The account reads only: it cannot place a call, run a command or change a setting.

"""


def _pjsip(site: Site) -> str:
    parts = [
        _section("global", [*GLOBAL, ("default_realm", site.realm)]),
        *(_section(name, lines) for name, lines in transports(site)),
        _callers(site),
        _nobody(site),
        *(text for seat in site.seats.values() for text in _seat(seat, site)),
    ]
    if site.wss:
        wss: list[tuple[str, object]] = [("type", "transport"), ("protocol", "wss"), ("bind", site.wss.host)]
        parts.append(
            "; Telephones in a browser; the port is the TLS one of http.conf.\n" + _section("transport-wss", wss)
        )
    if site.trunk:
        parts += _trunk(site.trunk, site)
    return "\n".join(parts)


def _callers(site: Site) -> str:
    """Whoever calls and is neither the trunk nor a seat. A call reaches our dialplan and nothing else."""
    endpoint = [("type", "endpoint"), *_endpoint(site.engine.context)]
    if site.trunk is None:
        return "; Anyone may call the hotline.\n" + _section("anonymous", endpoint)
    about = (
        "; With a trunk, callers from elsewhere are refused: only this machine and `[sip] accept` networks may call.\n"
    )
    return about + _section("anonymous", [*endpoint, *only(map(str, site.engine.accept))])


def _endpoint(context: str) -> list[tuple[str, object]]:
    return [
        ("context", context),
        ("disallow", "all"),
        ("allow", "alaw,ulaw,g722"),
        ("direct_media", "no"),  # prompts and recordings need the sound to pass here
        ("dtmf_mode", "auto"),  # events, or tones where none were agreed; SIP INFO is taken always
        ("rtp_symmetric", "yes"),
        ("force_rport", "yes"),
        ("rewrite_contact", "yes"),
        # Silence is no death: PJSIP would hang up without asking. A session timer asks.
        ("rtp_timeout", 0),
        ("rtp_timeout_hold", 0),
        ("timers", "always"),
        ("timers_min_se", SESSION_S),
        ("timers_sess_expires", SESSION_S),
        ("allow_transfer", "no"),  # a transfer by the far end is how toll fraud is done
        ("allow_subscribe", "no"),
    ]


def _nobody(site: Site) -> str:
    about = "; Who registers under a name no seat has is answered as one who does not know a seat's secret.\n"
    return about + "\n".join(_section(name, lines) for name, lines in nobody(site.engine.secret, site.digest))


def _seat(seat: SeatConfig, site: Site) -> list[str]:
    endpoint = [("type", "endpoint"), *_endpoint(site.engine.context), ("aors", seat.id), *ENCRYPTION[seat.encryption]]
    aor: list[tuple[str, object]] = [("type", "aor")]
    parts = []
    if seat.secret is not None:
        endpoint += [("auth", f"{seat.id}-auth")]
        # All of them ring. Of too many, those that do not answer are forgotten first.
        aor += [("max_contacts", MOST), ("remove_existing", "yes"), ("remove_unavailable", "yes")]
        # Who has proved to be the seat may ask to hand a caller over; what becomes of it, the hotline decides.
        endpoint = [*(line for line in endpoint if line[0] != "allow_transfer"), ("allow_transfer", "yes")]
        endpoint += [("set_var", "PJSIP_TRANSFER_HANDLING()=ari-only"), ("set_var", f"HOTLINE_SEAT={seat.id}")]
        parts.append(_section(f"{seat.id}-auth", auth(seat.id, seat.secret, seat.digest or site.digest)))
    aor += [("qualify_frequency", round(site.qualify_s)), ("qualify_timeout", PATIENCE_S)]
    if seat.uri:
        aor.append(("contact", seat.uri))
    if seat.uri and seat.secret is None and site.trunk is not None:
        # Nothing proves that a call under its name is its own, but the address.
        endpoint += only([*map(str, site.engine.accept), *single(seat.uri)])
    return [_section(seat.id, endpoint), _section(seat.id, aor), *parts]


def _test_caller(name: str, site: Site) -> str:
    """Whom `hotline doctor` calls as; an Asterisk of somebody's own usually refuses callers it does not know."""
    about = "; The test call of `hotline doctor`: from this machine only, and to the hotline only.\n"
    return about + _section(name, [("type", "endpoint"), *_endpoint(site.engine.context), *only([])])


def _trunk(trunk: TrunkConfig, site: Site) -> list[str]:
    server = server_uri(trunk)
    host = trunk.registrar.rsplit(":", 1)[0] if trunk.registrar.count(":") == 1 else trunk.registrar
    endpoint = [("type", "endpoint"), *_endpoint(site.engine.context), ("aors", TRUNK), *over(trunk)]
    endpoint += ENCRYPTION[trunk.encryption]
    parts = [
        _section(TRUNK, [("type", "aor"), ("contact", server), ("qualify_frequency", 60)]),
        _section(
            "trunk-known", [("type", "identify"), ("endpoint", TRUNK), *(("match", p) for p in (host, *trunk.peers))]
        ),
    ]
    if trunk.user:
        endpoint += [("outbound_auth", "trunk-auth"), ("from_user", trunk.user)]
        account = [("type", "auth"), ("auth_type", "userpass"), ("username", trunk.user), ("password", trunk.secret)]
        parts.append(_section("trunk-auth", account))
    if trunk.register:
        lines: list[tuple[str, object]] = [
            ("type", "registration"),
            ("server_uri", server),
            ("client_uri", f"sip:{trunk.user}@{trunk.registrar}"),
            *over(trunk),
            ("outbound_auth", "trunk-auth"),
            ("contact_user", trunk.user),
            ("expiration", trunk.expires),
            ("line", "yes"),  # a secret in our Contact: a call that names it is the provider's, wherever it comes from
            ("endpoint", TRUNK),
            ("retry_interval", 30),
            ("forbidden_retry_interval", 300),
        ]
        parts.append(_section("trunk-registration", lines))
    # By its address or our Contact's secret, never by the name a caller gives.
    endpoint.append(("identify_by", "ip"))
    # Citizens are called by an endpoint of its own (sip/asterisk/config.py), which nobody who calls in is taken for.
    out = [*endpoint, *OUTGOING]
    endpoint.append(("trust_id_inbound", "yes" if trunk.trust_caller_header else "no"))
    return ["; The line to the provider or PBX.\n" + _section(TRUNK, endpoint), _section(TRUNK_OUT, out), *parts]
