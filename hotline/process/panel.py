"""The panel's process: everything the web part is given, then served until SIGINT or SIGTERM."""

from __future__ import annotations

import gc
import resource
import signal
import sys
import threading
import time
from importlib.metadata import version
from zoneinfo import ZoneInfo

from hotline.config.settings import Settings
from hotline.process import factories, retention
from hotline.process.callbacks import calling
from hotline.process.sweep import rules
from hotline.process.worker import WorkerProcess
from ivr.cases.numbers import spoken_number
from ivr.pinyin import initials
from services.casework import Casework
from services.factors import Factors
from store.engine import Engine
from store.figures.counting import Counting, FigureCounter
from store.people.drafts import Drafts
from store.people.parties import Parties
from web import Name, PanelConfig, create_app
from web.proxy import among
from web.server import TlsFiles, serve

# Whoever comes back from the database waits so long for a thread that computes; a page comes back some twenty times.
SWITCH_S = 0.0005
FILES = 8192  # descriptors, as far as the system allows them


def run_panel(settings: Settings) -> None:
    """Serve the panel until a signal. Raises ``OSError``, ``DatabaseAway`` and the like with clear texts."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sys.setswitchinterval(SWITCH_S)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # a connection that waits costs a descriptor and no more
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, FILES) if most > 0 else FILES, most))
    panel = settings.panel
    tls = TlsFiles(panel.tls_cert, panel.tls_key) if panel.tls_cert and panel.tls_key else None
    with factories.database(settings) as engine, WorkerProcess(FigureCounter.of, settings.database) as counter:
        app = create_app(panel_config(settings, engine, counter))
        initials("")  # loads what spells names; the first page of a case would wait for it
        # What stands now stands for ever; looking through all that figures are counted from holds every page up.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        spared = among(panel.proxy_networks) if panel.proxies else among(())
        serve(app, panel.listen.host, panel.listen.port, tls, stop, spared=spared)


def panel_config(settings: Settings, engine: Engine, counter: Counting) -> PanelConfig:
    """What the panel is given."""
    keys, panel, unit, house = factories.keys(settings), settings.panel, settings.unit, rules(settings)
    casework = Casework(keys, house, spoken_number, factories.plan(settings))
    return PanelConfig(
        engine=engine,
        secrets=keys.cookie_secrets,  # kept with the keys, so that a restart logs nobody out
        parties=Parties(keys, factories.plan(settings)),
        casework=casework,
        calling=calling(settings, casework, keys),
        phrases=factories.phrases(settings),
        counter=counter,
        drafts=Drafts(keys),
        factors=Factors(keys),
        vault=factories.vault(settings, keys),
        profile=house.profile,
        calendar=house.calendar,
        now_ms=lambda: time.time_ns() // 1_000_000,
        zone=ZoneInfo(unit.zone),
        unit=Name(unit.name, unit.name_en),
        windows={id: Name(window.name, window.name_en) for id, window in settings.windows.items()},
        window_seats={id: window.seats for id, window in settings.windows.items()},
        seats={id: Name(seat.name or id) for id, seat in settings.seats.items()},
        operators=settings.operators.rules,
        tls=panel.tls_cert is not None,
        proxies=panel.proxies,
        proxy_networks=panel.proxy_networks,
        idle_minutes=panel.idle_minutes,
        second_factor=panel.second_factor,
        session_hours=panel.session_hours,
        version=version("open-hotline"),
        pruning=lambda now: retention.rules(settings, now),
        prune_at=settings.prune.at if settings.prune.daily else "",
        public_promises=settings.reports.public_promises,
    )
