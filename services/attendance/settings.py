"""What attendance reads from its environment, once."""

__all__ = ["Settings"]

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from shared.settings import CommonSettings, Environment, common_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Attendance needs no more than what every service needs."""

    common: CommonSettings

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment. Raises SettingsError with everything that lacks."""
        environment = Environment(environ)
        common = common_from(environment, "attendance")
        environment.check()
        return cls(common=common)
