"""Answer errors so that a person knows what to do; unexpected ones carry an id that is in the log."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from ivr.cases.actions import ActionRefused
from ivr.passwords import PASSWORD_MIN
from services.users import UserError
from store.engine import is_away
from store.read.queries import BadCursor
from web import refusals
from web.drafts import wrong
from web.forms import Wrong
from web.passwords import Busy

log = logging.getLogger("web")

USER_PROBLEMS = {
    "bad_name": _l("账号名应为 1–40 个字母、数字或汉字，不含空格。"),
    "name_taken": _l("这个账号名已被使用，请换一个。"),
    "bad_role": _l("请选择列表中的角色。"),
    "short_password": _l("密码太短，至少 %(n)s 个字符。", n=PASSWORD_MIN),
    "long_password": _l("密码太长，请不要超过 256 个字符。"),
    "common_password": _l("这个密码太常见或已经泄露，一猜就中。请用几个不相干的词连成一句，例如三四个词，中间加符号。"),
    "named_password": _l("密码里多是账号名、姓名、单位名、热线号码或常用词，别人会先猜这些。请换成几个不相干的词。"),
    "wrong_code": _l("验证码不正确或已经用过，请等下一个数字；并核对手机的时间。"),
    "too_many_codes": _l("验证码错误次数过多，请 15 分钟后再试。"),
    "same_password": _l("新密码与当前密码相同，请换一个。"),
    "bad_full_name": _l("姓名最多 80 个字。"),
    "long_expiry": _l("令牌的有效期最长一年。"),
    "wrong_password": _l("当前密码不正确。"),
    "too_many": _l("当前密码错误次数过多，请 15 分钟后再试。"),
    "no_custodian": _l("这个账号不是待确认的身份保管员。"),
    "not_supervisor": _l("只有督导可以确认身份保管员。"),
    "fresh": _l("您的账号在 24 小时内新建、变更或重设过密码，暂不能确认他人。"),
    "last_admin": _l("这是最后一个在用的管理员账号，不能停用或改作其他角色。"),
    "bad_token_name": _l("请写明令牌的用途（1–80 个字）。"),
    "no_scope": _l("请至少选择一项权限。"),
    "bad_scope": _l("请选择列表中的权限。"),
    "past_expiry": _l("到期日必须晚于今天。"),
}

PAGES = {
    400: (_l("请求有误"), _l("请检查地址或所填内容，然后重试。")),
    401: (_l("请先登录"), _l("登录后才能查看这一页。")),
    403: (_l("没有权限"), _l("您的角色不能查看这一页。如工作需要，请找管理员。")),
    404: (_l("没有这一页"), _l("地址可能有误，或者内容已按期限删除。")),
    405: (_l("不能这样操作"), _l("请回到页面上用按钮操作。")),
    413: (_l("内容太大"), _l("请减少提交的内容。")),
    416: (_l("没有这一段录音"), _l("请从头播放。")),
    429: (_l("操作过于频繁"), _l("请稍等几分钟再试。")),
    500: (_l("系统出错"), _l("这不是您的操作引起的。请把下面的错误编号告诉管理员，日志中有详情。")),
    503: (_l("数据库暂时无法使用"), _l("来电照常接听，本页稍后自动恢复。请管理员运行 hotline doctor 检查。")),
}


FIELDS = {  # in which what is wrong was typed
    "bad_name": "name", "name_taken": "name", "bad_role": "role", "last_admin": "role",
    "short_password": "new", "long_password": "new", "common_password": "new", "named_password": "new",
    "same_password": "new", "wrong_password": "old", "too_many": "old", "wrong_code": "code", "too_many_codes": "code",
    "bad_full_name": "full_name", "long_expiry": "days",
    "bad_token_name": "name", "no_scope": "scope", "bad_scope": "scope", "past_expiry": "days",
}  # fmt: skip


def user_problem(error: UserError) -> ActionRefused:
    """The sentence for a refused change, and the field it is about."""
    return wrong(FIELDS.get(error.code, ""), str(USER_PROBLEMS.get(error.code, error.code)))


def is_api() -> bool:
    return request.path.startswith("/api/")


def problem(status: int, title: str, detail: str = "", **more: Any) -> Response:
    """An answer of the API in RFC 9457 form."""
    answer = jsonify({"type": "about:blank", "title": title, "status": status, "detail": detail, **more})
    answer.status_code, answer.mimetype = status, "application/problem+json"
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="hotline"'
    return answer


def page(status: int, error_id: str = "", title: str = "", text: str = "") -> Any:
    known = PAGES.get(status, PAGES[400 if status < 500 else 500])
    if is_api():
        return problem(status, HTTPStatus(status).phrase, **({"id": error_id} if error_id else {}))
    shown = render_template("error.html", status=status, title=title or known[0], text=text or known[1], id=error_id)
    return shown, status


def init(app: Flask) -> None:
    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Any:
        if request.endpoint == "auth.log_in":  # an old log-in page is nobody's mistake
            flash(_("页面已过期，请再登录一次。"), "info")
            return redirect(url_for("auth.login"))
        return page(400, title=_("页面已过期"), text=_("请返回上一页，刷新后重新提交。"))

    @app.errorhandler(BadCursor)
    def bad_cursor(_error: BadCursor) -> Any:
        if is_api():
            return problem(400, "Bad parameter", "cursor: use the address in `next`.")
        return page(400, text=_("翻页参数无效，请从第一页开始。"))

    @app.errorhandler(Wrong)
    def bad_parameter(error: Wrong) -> Any:
        if is_api():
            return problem(400, "Bad parameter", str(error))
        return page(400, text=_("地址中的 %(name)s 不能用：%(remedy)s", name=error.name, remedy=error.remedy))

    @app.errorhandler(RateLimitExceeded)
    def too_often(_error: RateLimitExceeded) -> Any:
        return page(429)

    @app.errorhandler(Busy)
    def busy(_error: Busy) -> Any:
        shown, status = page(503, title=_("请稍候再试"), text=_("正在核对的密码太多，请稍等几秒再登录。"))
        return shown, status, {"Retry-After": "5"}

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        if error.code == HTTPStatus.FORBIDDEN:
            refusals.note()
        text = error.description if error.description != type(error).description else ""
        return page(error.code, text=text or "")

    @app.errorhandler(InternalServerError)
    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        cause = getattr(error, "original_exception", None) or error
        error_id = secrets.token_hex(4)
        log.error("error %s at %s %s", error_id, request.method, request.path, exc_info=cause)
        try:
            return page(503 if is_away(cause) else 500, error_id)
        except Exception:  # the page itself needs what is broken (the account is read from the database)
            log.exception("error %s: no error page", error_id)
            return Response(f"系统出错 · Something went wrong: {error_id}\n", 500, mimetype="text/plain")
