# What this project uses of Flask-Login 0.6, which has no annotations.
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

_Loader = TypeVar("_Loader", bound=Callable[[str], UserMixin | None])

class UserMixin:
    @property
    def is_active(self) -> bool: ...
    @property
    def is_authenticated(self) -> bool: ...
    @property
    def is_anonymous(self) -> bool: ...
    def get_id(self) -> str: ...

class LoginManager:
    session_protection: str | None
    def __init__(self, app: Flask | None = None, add_context_processor: bool = True) -> None: ...
    def user_loader(self, callback: _Loader) -> _Loader: ...

# web.access.Account for somebody who is logged in; for others an object with `is_authenticated` false and little else.
current_user: Any

def login_user(user: UserMixin, remember: bool = False) -> bool: ...
def logout_user() -> bool: ...
