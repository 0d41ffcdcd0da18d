"""Who acts. A `Principal` is an argument of every use case; `actor` stands in every event and row."""

__all__ = ["LINKED", "OWN_ROLES", "ROLES", "SIGNATORY", "Principal", "RightsTable", "service_principal"]

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

SIGNATORY = "signatory"
LINKED = "linked"  # who opened a signatory's link and has not given the code of the desk: time, place, announcing
OWN_ROLES = (LINKED, SIGNATORY)  # people for themselves; their scope is their own id
ROLES = (
    "planner",
    "auditor",
    "prefecture",
    "controller",
    "provider_manager",
    "trainer",
    *OWN_ROLES,
    "admin",
    "service",
)
EVERYONE = "everyone"  # a route that needs no sign-in: health, sign-in itself, style sheets
RIGHTS_FILE = Path(__file__).resolve().parent.parent / "docs" / "rights.yaml"


@dataclass(frozen=True, slots=True)
class Principal:
    """
    Somebody, or some program, who acts: `kind` is person, service or visitor.

    `scope` narrows what the role sees: a territory code for OFII and prefecture, a provider's id for its people,
    a signatory's own id for themselves.
    """

    kind: str
    id: str
    role: str
    scope: str = ""

    @property
    def actor(self) -> str:
        """The text that events and rows keep: who acted, in which role."""
        return f"{self.role}:{self.id}"

    @classmethod
    def visitor(cls) -> Self:
        """Return somebody who has not signed in."""
        return cls(kind="visitor", id="", role="")


def service_principal(name: str) -> Principal:
    """Return the principal as which a service acts on what it heard or on the clock's behalf."""
    return Principal(kind="service", id=name, role="service")


class RightsTable:
    """`docs/rights.yaml`: one row a route of each service, with the roles that may call it."""

    def __init__(self, rows: Mapping[str, Mapping[str, tuple[str, ...]]]) -> None:
        self._rows = rows

    @classmethod
    def load(cls, path: Path = RIGHTS_FILE) -> Self:
        raw = yaml.safe_load(path.read_text())
        return cls(
            {
                service: {route: tuple(str(roles).replace(",", " ").split()) for route, roles in routes.items()}
                for service, routes in raw.items()
            }
        )

    def roles(self, service: str, route: str) -> tuple[str, ...]:
        """Return who may call `METHOD /rule`; nobody where the row lacks."""
        return self._rows.get(service, {}).get(route, ())

    def routes(self, service: str) -> set[str]:
        return set(self._rows.get(service, {}))

    def allows(self, service: str, route: str, who: Principal) -> bool:
        roles = self.roles(service, route)
        return EVERYONE in roles or who.role in roles
