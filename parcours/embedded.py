"""The three services in one process on one port, on SQLite under `var/`: only Python is needed."""

__all__ = ["House", "HouseBusyError", "open_house"]

import fcntl
import gc
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from flask import Flask

from parcours.front import front_app
from services.attendance import app as attendance
from services.attendance.settings import Settings as AttendanceSettings
from services.notifications import app as notifications
from services.notifications.settings import Settings as NotificationsSettings
from services.scheduler import app as scheduler
from services.scheduler.settings import Settings as SchedulerSettings
from shared.dispatcher import Dispatcher
from shared.errors import ParcoursError
from shared.service import Service
from shared.web.frame import mount

DEMO_MARK = ".demo"  # a folder with this file holds invented people only: it may be wiped, and invented phones are fine
CLOCK = "clock"
GC_THRESHOLDS = (500_000, 50, 100)


class HouseBusyError(ParcoursError):
    """Raised when another process serves the same folder. Stop it, or choose another with PARCOURS_VAR."""

    code = "house_busy"


@dataclass(frozen=True, slots=True)
class House:
    """The services, their applications and what moves events between them."""

    var: Path
    services: Mapping[str, Service]
    apps: Mapping[str, Flask]
    dispatcher: Dispatcher
    wsgi: Any
    lock: IO[str]

    def close(self) -> None:
        for service in self.services.values():
            service.database.dispose()
        self.lock.close()


def open_house(environ: Mapping[str, str]) -> House:
    """
    Put the embedded services together and bring their databases to the newest revision.

    Raises HouseBusyError, SettingsError.
    """
    var = Path(environ.get("PARCOURS_VAR") or "var")
    var.mkdir(parents=True, exist_ok=True)
    lock = _alone(var)
    environment = {"PARCOURS_CLOCK_FILE": str(var / CLOCK), **environ}
    if (var / DEMO_MARK).exists():
        environment["PARCOURS_DEMO"] = "yes"
    scheduler_settings = SchedulerSettings.from_env(environment)
    attendance_settings = AttendanceSettings.from_env(environment)
    notifications_settings = NotificationsSettings.from_env(environment)
    services = {
        "scheduler": scheduler.build_service(scheduler_settings),
        "attendance": attendance.build_service(attendance_settings),
        "notifications": notifications.build_service(notifications_settings),
    }
    for service in services.values():
        service.upgrade()
    gc.freeze()  # what is loaded by now stays: looking through it again and again cost a tenth of the demo's time
    gc.set_threshold(*GC_THRESHOLDS)
    apps = {
        scheduler.PREFIX: scheduler.create_app(scheduler_settings, services["scheduler"]),
        attendance.PREFIX: attendance.create_app(attendance_settings, services["attendance"]),
        notifications.PREFIX: notifications.create_app(notifications_settings, services["notifications"]),
    }
    front = front_app(services["scheduler"].clock)
    return House(var, services, apps, Dispatcher(tuple(services.values())), mount(front, apps), lock)


def _alone(var: Path) -> IO[str]:
    """Take the folder for this process; a dead process loses it by itself."""
    lock = (var / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise HouseBusyError(
            f"another process already works on {var}/: stop it, or set PARCOURS_VAR to another folder"
        ) from error
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
