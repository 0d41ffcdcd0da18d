"""What attendance reads from its environment, once."""

__all__ = ["Settings"]

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Self

from services.attendance.domain.delays import Delays
from services.attendance.domain.opening import OPENS_BEFORE
from shared.settings import CommonSettings, Environment, common_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every service needs, how long before its meeting a roll opens, and how long things may take."""

    common: CommonSettings
    delays: Delays
    early: timedelta

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment. Raises SettingsError with everything that lacks."""
        environment = Environment(environ)
        common = common_from(environment, "attendance")
        minutes = environment.number("PARCOURS_ROLL_OPENS_MINUTES", int(OPENS_BEFORE.total_seconds()) // 60)
        usual = asdict(Delays())
        delays = {name: environment.number(f"PARCOURS_{name.upper()}", days) for name, days in usual.items()}
        environment.check()
        return cls(common=common, delays=Delays(**delays), early=timedelta(minutes=minutes))
