"""What attendance reads from its environment, once."""

__all__ = ["Settings"]

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from services.attendance.domain.delays import Delays
from shared.settings import CommonSettings, Environment, common_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every service needs, and how long things may take."""

    common: CommonSettings
    delays: Delays

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment. Raises SettingsError with everything that lacks."""
        environment = Environment(environ)
        common = common_from(environment, "attendance")
        usual = asdict(Delays())
        delays = {name: environment.number(f"PARCOURS_{name.upper()}", days) for name, days in usual.items()}
        environment.check()
        return cls(common=common, delays=Delays(**delays))
