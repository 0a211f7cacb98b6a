"""Chinese first, English by one click: ``?lang=en`` shows it and a cookie remembers it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, Domain, get_locale
from markupsafe import Markup

LANGUAGES = {"zh": "zh-CN", "en": "en"}  # our name -> lang attribute
COOKIE = "lang"
YEAR_S = 365 * 86_400


def chosen() -> str:
    """``zh`` or ``en``, by the address, then the cookie, never the browser's own list. The API speaks English."""
    try:
        return str(g.language)  # a page asks hundreds of times
    except AttributeError:
        g.language = found = _chosen()
        return found


def _chosen() -> str:
    if request.path.startswith("/api/"):
        return "en"
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
    return other, request.script_root + (request.path if shown else "/") + "?" + urlencode([*kept, ("lang", other)])


def _has_page(path: str) -> bool:
    return bool(current_app.url_map.bind("").test(path, "GET"))


class Words(Domain):
    """Our words: a page asks for many hundreds of them, so each is looked up once in each language."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, dict[str, tuple[str, Markup]]] = {}

    def of(self, text: str) -> tuple[str, Markup]:
        """The words in the language of the request, for programs and for pages."""
        try:
            known: dict[str, tuple[str, Markup]] = g.words
        except AttributeError:
            known = g.words = self._known.setdefault(str(get_locale()), {})
        if (found := known.get(text)) is None:
            plain = self.get_translations().ugettext(text)
            found = known[text] = plain, Markup(plain)  # noqa: S704 - our own words
        return found

    def gettext(self, string: str, **variables: object) -> str:
        plain = self.of(string)[0]
        return plain % variables if variables else plain


def _said(words: Words) -> Callable[..., Markup]:
    def said(text: str, /, **values: object) -> Markup:
        """``_()`` of the templates."""
        try:
            found: Markup = g.words[text][1]
        except (AttributeError, KeyError):
            found = words.of(text)[1]
        return found % values if values or "%" in text else found

    return said


def init(app: Flask) -> None:
    words = Words()
    Babel(app, default_locale="zh", locale_selector=chosen).domain_instance = words
    app.jinja_env.globals.update({"_": _said(words), "gettext": _said(words)})

    @app.after_request
    def remember(response: Response) -> Response:
        if request.args.get("lang") in LANGUAGES:
            response.set_cookie(
                COOKIE, chosen(), max_age=YEAR_S, samesite="Lax", httponly=True,
                secure=bool(app.config["SESSION_COOKIE_SECURE"]),
            )  # fmt: skip
        response.headers["Content-Language"] = lang()
        return response
