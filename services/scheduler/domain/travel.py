"""Door-to-door travel, in whole minutes: an imported time where there is one, else an estimate."""

from math import asin, ceil, cos, radians, sin, sqrt

from services.scheduler.domain.problem import Person, Problem, Site, TravelSpeed

__all__ = ["Travel", "metres_between"]

_EARTH_RADIUS_METRES = 6_371_000


class Travel:
    """The travel times of one problem: imported ones go before the estimate, a person's before their commune's."""

    def __init__(self, problem: Problem) -> None:
        self._speeds = problem.rules.travel_speeds
        self._detour = problem.rules.travel_detour_percent
        overrides = problem.travel_overrides
        self._of_person = {(o.person, o.site, o.mode): o.minutes for o in overrides if o.person is not None}
        self._of_commune = {(o.commune, o.site, o.mode): o.minutes for o in overrides if o.person is None}

    def minutes(self, person: Person, site: Site) -> int:
        """Return the minutes from the person's home to the site, one way."""
        known = self.measured(person, site)
        return self._estimate(person, site, self._speeds[person.travel_mode]) if known is None else known

    def measured(self, person: Person, site: Site) -> int | None:
        """Return the imported minutes, where there are any."""
        mode = person.travel_mode
        return self._of_person.get((person.id, site.id, mode), self._of_commune.get((person.commune, site.id, mode)))

    def _estimate(self, person: Person, site: Site, speed: TravelSpeed) -> int:
        metres = metres_between(person.latitude, person.longitude, site.latitude, site.longitude)
        return speed.overhead_minutes + ceil(metres * self._detour * 60 / (100 * speed.metres_an_hour))


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> int:
    """Return the great-circle distance in whole metres between two points given in degrees."""
    first, second = radians(latitude), radians(other_latitude)
    half = (
        sin((second - first) / 2) ** 2 + cos(first) * cos(second) * sin(radians(other_longitude - longitude) / 2) ** 2
    )
    return round(2 * _EARTH_RADIUS_METRES * asin(sqrt(min(1.0, half))))
