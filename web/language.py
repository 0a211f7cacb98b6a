"""Chinese first, English by one click: ``?lang=en`` shows it and a cookie remembers it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, get_locale, get_translations
from markupsafe import Markup

LANGUAGES = {"zh": "zh-CN", "en": "en"}  # our name -> lang attribute
COOKIE = "lang"
YEAR_S = 365 * 86_400


def chosen() -> str:
    """``zh`` or ``en``, by the address, then the cookie; the browser's own list is not asked."""
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    return "zh"


def lang() -> str:
    """The lang attribute of the page."""
    return LANGUAGES.get(str(get_locale() or "zh")[:2], "zh-CN")


def other_address() -> tuple[str, str]:
    """The other language and this page's address in it (the start page after a form that has no page)."""
    other = "en" if chosen() == "zh" else "zh"
    kept = [(key, value) for key, value in request.args.items(multi=True) if key != "lang"]
    shown = request.method == "GET" or (request.url_rule and _has_page(request.path))
    return other, (request.path if shown else "/") + "?" + urlencode([*kept, ("lang", other)])


def _has_page(path: str) -> bool:
    return bool(current_app.url_map.bind("").test(path, "GET"))


def said(text: str, /, **values: object) -> Markup:
    """``_()`` of the templates: a page has many hundreds of them, so its catalogue is looked up once."""
    if "catalog" not in g:
        g.catalog = get_translations()
    found = Markup(g.catalog.ugettext(text))  # noqa: S704 - our own words
    return found % values if values or "%" in text else found


def init(app: Flask) -> None:
    Babel(app, default_locale="zh", locale_selector=chosen)
    names: dict[str, Any] = {"_": said, "gettext": said}
    app.jinja_env.globals.update(names)

    @app.after_request
    def remember(response: Response) -> Response:
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie(
                COOKIE, chosen(), max_age=YEAR_S, samesite="Lax", httponly=True,
                secure=bool(app.config["SESSION_COOKIE_SECURE"]),
            )  # fmt: skip
        response.headers["Content-Language"] = lang()
        return response
