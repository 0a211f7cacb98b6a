# What this project uses of Flask-WTF 1, which has no annotations.
from typing import TypeVar

from flask import Blueprint, Flask
from werkzeug.exceptions import BadRequest

_Exempt = TypeVar("_Exempt", bound=Blueprint | str)

class CSRFError(BadRequest): ...

class CSRFProtect:
    def __init__(self, app: Flask | None = None) -> None: ...
    def exempt(self, view: _Exempt) -> _Exempt: ...
