"""The app factory: everything comes in by :class:`~web.config.PanelConfig`, nothing is global."""

from __future__ import annotations

import secrets
from functools import partial

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect

from services.calendars import Added
from web import (
    access,
    api,
    api_seats,
    case_views,
    db,
    format,
    forms,
    forwarded,
    guesses,
    language,
    monitoring,
    problems,
    refusals,
    tables,
)
from web import drafts as kept
from web.config import PanelConfig
from web.cookies import Cookies, Secrets
from web.figures import Recent
from web.proxy import behind
from web.routing import LazyRule, links
from web.screens import (
    about,
    audit,
    auth,
    board,
    calendar,
    calling,
    calls,
    case_actions,
    cases,
    custodians,
    drafts,
    factor,
    figures,
    identities,
    inbox,
    outages,
    promises,
    recordings,
    sessions,
    tokens,
    users,
    worklists,
)
from web.streams import News

SCREENS = (
    auth,
    sessions,
    factor,
    board,
    calls,
    cases,
    case_actions,
    identities,
    custodians,
    inbox,
    worklists,
    calling,
    recordings,
    figures,
    outages,
    calendar,
    audit,
    users,
    tokens,
    about,
    promises,
    drafts,
)
FORM_MAX = 64 * 1024  # bytes; no form here is longer
CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


class Panel(Flask):
    """Flask with the panel's kind of rule."""

    url_rule_class = LazyRule


def create_app(config: PanelConfig) -> Flask:
    """The panel as a WSGI app, ready to be served (``web/server.py``) or tested."""
    app = Panel(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),  # signs nothing: web/cookies.py does, with keys that may be changed
        WTF_CSRF_SECRET_KEY=Secrets(config.secrets),
        SESSION_COOKIE_NAME="hotline",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.tls,
        REMEMBER_COOKIE_DURATION=0,
        WTF_CSRF_TIME_LIMIT=None,  # a form is good as long as its session
        WTF_CSRF_SSL_STRICT=config.tls,
        MAX_CONTENT_LENGTH=FORM_MAX,
        BABEL_DEFAULT_LOCALE="zh",
        RATELIMIT_HEADERS_ENABLED=False,
    )
    app.session_interface = Cookies(config.secrets)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.bytecode_cache = config.compiled
    app.extensions["panel"] = config
    app.extensions["panel.figures"] = Recent()
    app.extensions["panel.news"] = News(partial(board.mark, app))
    app.extensions["panel.calendars"] = Added(config.engine, config.calendar)
    if config.proxies:
        app.wsgi_app = behind(app.wsgi_app, config.proxies, config.proxy_networks)  # type: ignore[assignment,method-assign]

    forms.init(app)
    db.init(app)
    language.init(app)
    format.init(app)
    problems.init(app)
    refusals.init(app)
    kept.init(app)
    csrf = CSRFProtect(app)
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    access.init(app)
    forwarded.init(app)
    guesses.init(app)
    for screen in SCREENS:
        app.register_blueprint(screen.bp)
    api.init(csrf, limiter)
    app.register_blueprint(api_seats.bp)
    monitoring.init(limiter)
    app.register_blueprint(monitoring.bp)
    _headers(app, config)
    _templates(app)
    access.check(app)
    return app


def _headers(app: Flask, config: PanelConfig) -> None:
    Talisman(
        app,
        force_https=config.tls,
        strict_transport_security=config.tls,
        session_cookie_secure=config.tls,
        frame_options="DENY",
        content_security_policy=CSP,
        referrer_policy="same-origin",
        permissions_policy={"camera": "()", "geolocation": "()", "browsing-topics": "()"},
    )

    @app.after_request
    def keep_private(response: Response) -> Response:
        """What stands behind the log-in is not left in the browser's or a proxy's cache."""
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _templates(app: Flask) -> None:
    stamp = secrets.token_hex(4)  # static files are fetched anew after each start, and cached until then

    app.jinja_env.globals["url_for"] = links()
    app.jinja_env.globals["may"] = access.may  # macros see globals only
    app.jinja_env.globals["casework"] = case_views
    app.jinja_env.globals["closed_accounts"] = access.closed_accounts
    app.jinja_env.filters["cell"] = tables.cell

    @app.context_processor
    def names() -> dict[str, object]:
        return {
            "lang": language.lang,
            "other_language": language.other_address,
            "role_names": access.ROLE_NAMES,
            "user": current_user,
            "stamp": stamp,
        }
