"""Reports as they are written by the command and sent by the sweeper: the same page, from the same figures."""

from __future__ import annotations

import io
import logging
import tempfile
import time
from pathlib import Path

from hotline.config.settings import Settings
from ivr.profile import Profile
from ivr.report import figures as said
from ivr.report import page
from ivr.report.figures import FiguresPart
from ivr.report.periods import ReportDue
from ivr.report.sheet import write_xlsx
from store.engine import Engine, Session, reading
from store.figures.report import contents
from store.reports import FinishedReport

log = logging.getLogger(__name__)


def unit_name(settings: Settings, lang: str) -> str:
    """Whose report it is."""
    return settings.unit.name if lang == "zh-CN" else settings.unit.name_en or settings.unit.name


def make(settings: Settings, engine: Engine, profile: Profile, due: ReportDue) -> FinishedReport:
    """The report as an e-mail carries it. A system that cannot draw PDF sends it without one."""
    lang, attach = settings.reports.lang, settings.reports.attach
    with Session(reading(engine)) as session:
        found = contents(session, due.span, profile, time.time_ns() // 1_000_000)
    html = page.summary(found, due.title(lang), unit_name(settings, lang), lang)
    book = io.BytesIO()
    parts = [FiguresPart("", found.figures), *(FiguresPart(name, figures) for name, figures in found.days)]
    write_xlsx(said.sheet(parts, due.span.zone, lang), book)
    return FinishedReport(
        due.title(lang), html, _pdf(html) if "pdf" in attach else None, book.getvalue() if "xlsx" in attach else None
    )


def _pdf(html: str) -> bytes | None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.pdf"
        try:
            page.write_pdf(html, target)
        except (OSError, ImportError) as error:
            log.warning("the report is sent without a PDF: %s", error)
            return None
        return target.read_bytes()
