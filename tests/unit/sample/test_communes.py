import pytest

from shared.communes import (
    UnknownCommuneError,
    UnknownTerritoryError,
    commune,
    communes,
    department_of,
    departments,
    kilometres_between,
)

BOXES = {  # south, north, west, east: read off a map, wider than the department by a few kilometres
    "13": (43.1, 43.95, 4.2, 5.85),
    "59": (49.9, 51.15, 2.0, 4.3),
    "69": (45.4, 46.35, 4.2, 5.2),
    "75": (48.80, 48.91, 2.22, 2.47),
    "93": (48.80, 49.02, 2.27, 2.61),
    "2A": (41.3, 42.45, 8.5, 9.45),
    "971": (15.8, 16.55, -61.9, -61.0),
    "972": (14.35, 14.95, -61.3, -60.75),
    "973": (2.0, 5.95, -54.7, -51.5),
    "974": (-21.45, -20.8, 55.15, 55.9),
    "976": (-13.1, -12.6, 44.95, 45.35),
}


def test_every_department_has_communes_and_a_time_zone() -> None:
    assert len(departments()) == 101
    assert {place.department for place in communes().values()} == set(departments())
    assert department_of("976").time_zone == "Indian/Mayotte"
    assert department_of("93").time_zone == "Europe/Paris"


@pytest.mark.parametrize("department", BOXES)
def test_communes_lie_inside_their_department(department: str) -> None:
    south, north, west, east = BOXES[department]

    strays = [
        place
        for place in communes().values()
        if place.department == department and not (south <= place.latitude <= north and west <= place.longitude <= east)
    ]

    assert strays == []


def test_nearly_all_people_live_where_coordinates_are_known() -> None:
    people = {True: 0, False: 0}
    for place in communes().values():
        if place.part_of is None:
            people[place.estimated] += place.population

    assert 66_000_000 < sum(people.values()) < 70_000_000
    assert people[True] / sum(people.values()) < 0.10


def test_the_forty_five_arrondissements_belong_to_their_city_and_stand_apart() -> None:
    parts = [place for place in communes().values() if place.part_of]

    assert len(parts) == 45
    assert len({(place.latitude, place.longitude) for place in parts}) == 45
    assert {place.part_of for place in parts} == {"75056", "69123", "13055"}


def test_montreuil_of_seine_saint_denis_is_not_one_of_its_namesakes() -> None:
    montreuil = commune("93048")

    assert montreuil.name == "Montreuil"
    assert kilometres_between(montreuil.latitude, montreuil.longitude, 48.864, 2.443) < 1


def test_an_unknown_code_is_refused_by_name() -> None:
    with pytest.raises(UnknownCommuneError, match="99999"):
        commune("99999")
    with pytest.raises(UnknownTerritoryError, match="XX"):
        department_of("XX")
