"""What the scheduler reads from its environment, once."""

__all__ = ["Settings"]

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.settings import CommonSettings, Environment, common_from

CHOOSE_HOURS = 72  # [A]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`demo` allows invented phones (+999) and one-time sign-in links; never in production."""

    common: CommonSettings
    demo: bool
    choose_hours: int  # how long somebody may choose their dates at home
    legal_texts: Path | None  # the operator's own; ours is a SPECIMEN

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment. Raises SettingsError with everything that lacks."""
        environment = Environment(environ)
        common = common_from(environment, "scheduler")
        legal = environment.text("PARCOURS_LEGAL_TEXTS", "")
        hours = environment.number("PARCOURS_CHOOSE_HOURS", CHOOSE_HOURS)
        environment.check()
        texts = Path(legal) if legal else None
        return cls(common=common, demo=common.demo, choose_hours=hours, legal_texts=texts)
