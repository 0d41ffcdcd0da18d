"""What attendance reads from its environment, once."""

__all__ = ["Settings"]

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from services.attendance.domain.delays import Delays
from services.attendance.domain.marks import ABSENT
from services.attendance.domain.opening import OPENS_BEFORE
from services.attendance.domain.statements import PayRules
from shared.settings import CommonSettings, Environment, common_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What every service needs, how long things may take, what OFII pays [A], and the operator's words of the opinion.

    `PARCOURS_PAY_DECLARED` is yes where a presence that only the trainer declares is paid; `PARCOURS_PAID_ABSENCES`
    names the kinds of absence that are; `PARCOURS_OPINION_TEXT` is a YAML file, without which ours says SPECIMEN.
    `PARCOURS_ROLL_OPENS_MINUTES` says how long before its meeting a roll opens.
    """

    common: CommonSettings
    delays: Delays
    pay_rules: PayRules
    opinion_text: Path | None
    early: timedelta

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment. Raises SettingsError with everything that lacks."""
        environment = Environment(environ)
        common = common_from(environment, "attendance")
        minutes = environment.number("PARCOURS_ROLL_OPENS_MINUTES", int(OPENS_BEFORE.total_seconds()) // 60)
        usual = asdict(Delays())
        delays = {name: environment.number(f"PARCOURS_{name.upper()}", days) for name, days in usual.items()}
        absences = frozenset(environment.text("PARCOURS_PAID_ABSENCES", "").split())
        unknown = absences - {one.value for one in ABSENT}
        if unknown:
            environment.fault(f"PARCOURS_PAID_ABSENCES: {', '.join(sorted(unknown))} is no kind of absence")
        declared = environment.text("PARCOURS_PAY_DECLARED", "no") == "yes"
        text = environment.path("PARCOURS_OPINION_TEXT")
        environment.check()
        return cls(
            common=common,
            delays=Delays(**delays),
            pay_rules=PayRules(declared=declared, absences=absences - unknown),
            opinion_text=text,
            early=timedelta(minutes=minutes),
        )
