"""A small embedded house for tests through the doors that users have: HTTP, files, the command line."""

import io
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from time import monotonic

import sqlalchemy as sa
from openpyxl import Workbook

from parcours.commands import _accounts
from parcours.embedded import CLOCK, DEMO_MARK, open_house
from parcours.wire import Door, EmbeddedHouse, in_this_process
from services.notifications import storage as notices
from services.scheduler.usecases.accounts import add_account
from shared.clock import FileClock

HEADERS = (
    "reference nom prenom alias date_signature programme regime code_commune niveau formation_linguistique "
    "langues_parlees lecture langue_lecture telephone telephone_partage courriel canal lundi mardi mercredi jeudi "
    "vendredi samedi dimanche semaines indisponibilites deplacement trajet_max_min acces_pmr garde_enfants"
).split()
PERSON = {
    "reference": "93-2025-000001", "nom": "Dupont", "prenom": "Ana", "alias": "Rose", "date_signature": "2025-03-10",
    "programme": "cir-2019", "regime": "obligatoire", "code_commune": "93008", "niveau": "infra-A1",
    "formation_linguistique": "200", "langues_parlees": "ar", "lecture": "oui", "langue_lecture": "ar",
    "telephone": "+999000000001", "telephone_partage": "non", "courriel": "rose@example.org", "canal": "sms",
    "lundi": "MAS", "mardi": "MAS", "mercredi": "MAS", "jeudi": "MAS", "vendredi": "MAS", "samedi": "MA",
    "dimanche": "", "semaines": "toutes", "indisponibilites": "", "deplacement": "transport", "trajet_max_min": "90",
    "acces_pmr": "non", "garde_enfants": "non",
}  # fmt: skip
PASSWORD = "a long enough password"
START = datetime(2025, 4, 1, 9, tzinfo=UTC)
SCANNED = {"act": "qr", "source": "product", "proof_ref": "scan-1"}  # an act that an e-attendance product keeps


class TestHouse:
    """The embedded services, signed-in doors, and a way to let everything that is due happen."""

    __test__ = False

    def __init__(self, house, var, *, accounts=True):
        self.house = house
        self.var = var
        self.clock = FileClock(var / CLOCK)
        self.stage = EmbeddedHouse(house, self.clock)
        self.client = in_this_process(house.wsgi)
        self.tokens = {}
        self.passwords = {}
        if accounts:
            self.passwords = _accounts(house.services["scheduler"], ["ORG"])
            self.planner = Door(self.client, "planner", self.passwords["planner"])
            self.admin = Door(self.client, "admin", self.passwords["admin"])

    def account(self, login, role, scope):
        """Open an account for somebody; return their door."""
        service = self.house.services["scheduler"]
        self.passwords[login] = PASSWORD
        with service.database.begin() as db:
            add_account(service.work(db), login, self.passwords[login], role, scope)
        return self.door(login)

    def door(self, login):
        return Door(self.client, login, self.passwords[login])

    def token(self, login):
        """Return a token of this login; one is good for ten minutes of real time."""
        made, token = self.tokens.get(login, (0.0, ""))
        if monotonic() - made > 300:
            token = self.fresh_token(login)
            self.tokens[login] = (monotonic(), token)
        return token

    def fresh_token(self, login):
        answer = self.client.post("/planning/api/v1/sessions", json={"login": login, "password": self.passwords[login]})
        return answer.json()["token"]

    def drain(self):
        self.stage.drain(self.admin)

    def ask(self, login, method, path, body=None):
        """Call the scheduler's API as somebody; return the answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.token(login)}"}
        return self.client.request(method, f"/planning/api/v1{path}", json=body, headers=headers)

    def notices_of(self, reference):
        """Return what was made to tell somebody, in the order in which it was made."""
        with self.house.services["notifications"].database.read() as db:
            query = sa.select(notices.notice).join(notices.person, notices.person.c.id == notices.notice.c.person_id)
            query = query.where(notices.person.c.reference == reference)
            return notices.rows(db, query.order_by(notices.notice.c.made_at, notices.notice.c.number))

    def send(self, name, content, kind="intake", territory="93"):
        """Send a file as the planner does; return the answer, whatever it is."""
        return self.client.post(
            "/planning/api/v1/imports",
            params={"territory": territory, "kind": kind},
            files={"file": (name, content)},
            headers={"Authorization": f"Bearer {self.token('planner')}"},
        )


@contextmanager
def a_house(var):
    var.mkdir(parents=True, exist_ok=True)
    (var / DEMO_MARK).touch()
    FileClock(var / CLOCK).set(START)
    with closing(open_house({"PARCOURS_VAR": str(var)})) as house:
        yield TestHouse(house, var)


def person(number=1, **changed):
    own = {"reference": f"93-2025-{number:06d}", "nom": f"Nom{number}", "telephone": f"+999{number:09d}"}
    return {**PERSON, **own, "courriel": f"p{number}@example.org", **changed}


def csv_of(rows, headers=HEADERS):
    lines = [";".join(headers)]
    lines += [";".join(f'"{row.get(header, "")}"' for header in headers) for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8-sig")


def xlsx_of(sheets):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


OFFER = {
    "organismes": [["code", "nom", "type", "courriel", "telephone"], ["ORG", "Horizon", "association", "", ""]],
    "sites": [
        ["code", "organisme", "nom", "code_commune", "latitude", "longitude", "acces_pmr", "garde_enfants", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
        ["S1", "ORG", "Bobigny", "93008", 48.908, 2.439, "oui", "non", "MAS", "MAS", "MAS", "MAS", "MAS", "MA"],
    ],
    "salles": [["code", "site", "nom", "places", "acces_pmr"], ["R1", "S1", "Salle 1", 25, "oui"], ["R2", "S1", "Salle 2", 25, "oui"]],
    "formateurs": [
        ["code", "organisme", "nom", "qualifications", "sites", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "demi_journees_max_semaine", "indisponibilites"],
        ["F1", "ORG", "Formatrice 1", "civique", "", "MA", "MA", "MA", "MA", "MA", "", 10, ""],
        ["F2", "ORG", "Formateur 2", "600;400;200;100", "", "MA", "MA", "MA", "MA", "MA", "", 10, ""],
    ],
    "interpretes": [
        ["code", "langue", "mode", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "demi_journees_max_semaine"],
        ["I1", "ar", "distance", "MA", "MA", "MA", "MA", "MA", "", 10],
    ],
    "lots": [
        ["code", "organisme", "formation", "debut", "fin", "unite", "quantite_commandee", "quantite_consommee", "prix_unitaire_euros"],
        ["L1", "ORG", "civique", "2025-01-01", "2026-12-31", "jour", 200, 0, 64.49],
        ["L2", "ORG", "linguistique", "2025-01-01", "2026-12-31", "heure", 9000, 0, 7.40],
    ],
    "plateformes": [
        ["code", "nom", "adresse", "code_commune", "places", "guichets", "debut_matin", "debut_apres_midi"],
        ["PF93", "Plateforme d’accueil", "13 rue des Fleurs", "93008", 2, 4, "09:00", "13:30"],
    ],
    "suivi": [
        ["code", "type", "intitule", "organisme", "code_commune", "dates", "places"],
        ["AT1", "atelier_culturel", "Visite du musée", "Maison de quartier", "93008", "2025-03-01/2026-12-31", 1],
        ["BAD", "astrologie", "Horoscope", "Personne", "93008", "", 5],
    ],
    "fermetures": [["site", "debut", "fin", "motif"], ["*", "2025-08-04", "2025-08-15", "été"]],
}  # fmt: skip
