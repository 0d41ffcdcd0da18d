"""The French of what is printed on attendance's papers."""

__all__ = [
    "ACTS",
    "ANSWERS",
    "CHANNELS",
    "CORRECTIONS",
    "DECLARED_BECAUSE",
    "JUSTIFICATIONS",
    "METHODS",
    "NO_VERDICT",
    "OUTCOMES",
    "SLOTS",
    "STATUSES",
    "TRAININGS",
    "actor",
    "clock",
    "day",
    "euros",
    "hours",
    "instant",
    "iso",
    "module",
    "month",
    "said",
]

from collections.abc import Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

SLOTS = {"morning": "matin", "afternoon": "après-midi", "evening": "soir"}
TRAININGS = {"civic": "Formation civique", "language": "Formation linguistique"}
STATUSES = {
    "present": "présent",
    "late": "en retard",
    "left_early": "parti avant la fin",
    "absent_announced": "absence annoncée",
    "absent_unexplained": "absence non expliquée",
    "absent_justified": "absence justifiée",
    "absent_unjustified": "absence injustifiée",
    "meeting_cancelled": "séance annulée",
    "not_yet_enrolled": "pas encore inscrit",
    "held_roll_missing": "feuille manquante",
}
ACTS = {
    "qr": "QR scanné",
    "code": "code saisi",
    "drawn": "signe dessiné",
    "signed_sheet": "feuille signée",
    "trainer_declared": "déclaré par le formateur",
}
DECLARED_BECAUSE = {
    "device_failed": "appareil en panne",
    "cannot_sign": "ne peut pas signer",
    "left_before_signing": "parti avant de signer",
    "sheet_lost": "feuille perdue",
}
CORRECTIONS = {  # why a mark was changed, and why a meeting was not held
    "wrong_person": "mauvaise personne",
    "came_later": "arrivée plus tard",
    "typing_error": "erreur de saisie",
    "sheet_found": "feuille retrouvée",
    "person_proved_presence": "la personne a prouvé sa présence",
    "trainer_absent": "formateur absent",
    "room_unusable": "salle inutilisable",
    "weather": "intempéries",
    "strike": "grève",
    "public_holiday": "jour férié",
    "too_few_people": "trop peu de monde",
}
JUSTIFICATIONS = {  # for OFII and the person alone: never on a paper that a training body takes
    "health": "santé",
    "work": "travail",
    "family": "famille",
    "transport": "transports",
    "administration": "démarche administrative",
    "convocation_not_received": "convocation non reçue",
}
NO_VERDICT = "Avis non rendu : projet"
METHODS = {"call": "appel", "visit": "visite", "relay": "par un relais"}
OUTCOMES = {"reached": "personne jointe", "no_answer": "sans réponse", "wrong_contact": "mauvais contact"}
ANSWERS = {"was_there": "la personne dit qu’elle était là", "had_reason": "la personne donne un motif"}
CHANNELS = {"sms": "SMS", "email": "courriel", "letter": "courrier", "spoken": "de vive voix", "none": "aucun canal"}
PROOFS = {
    "receipt": "reçu, avec accusé",
    "accepted": "pris en charge, sans accusé",
    "posted": "posté",
    "handed_over": "remis en main propre",
    "registered": "recommandé, reçu contre signature",
    "told": "dit à la personne",
    "told_by_helper": "dit par la personne de confiance",
}
ROLES = {
    "planner": "OFII",
    "auditor": "OFII (audit)",
    "provider_manager": "organisme",
    "trainer": "formateur",
    "service": "service",
}


def module(training: str, part: str) -> str:
    """Return the title of what is taught, the same on every paper."""
    if training == "civic":
        return f"{TRAININGS[training]}, journée {part}"
    return f"{TRAININGS.get(training, training)}, parcours de {part}\u00a0h"


def day(value: date) -> str:
    """Return a day as French papers write it."""
    return f"{value:%d/%m/%Y}"


def month(value: date) -> str:
    """Return a month with its year."""
    return format_date(value, "MMMM y", locale="fr")


def instant(value: datetime, zone: str) -> str:
    """Return a moment as the clock showed it at the site."""
    return format_datetime(value.astimezone(ZoneInfo(zone)), "dd/MM/y 'à' HH:mm", locale="fr")


def clock(value: time | datetime, zone: str = "UTC") -> str:
    """Return a time of day; a moment is shown as the clock at the site showed it."""
    local = value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) else value
    return local.strftime("%H:%M")


def hours(minutes: int) -> str:
    """Return minutes as hours and minutes."""
    return f"{minutes // 60} h {minutes % 60:02d}" if minutes % 60 else f"{minutes // 60} h"


def euros(cents: int | None) -> str:
    """Return cents as euros, or that the price is unknown."""
    if cents is None:
        return "prix inconnu"
    sign, whole = "−" if cents < 0 else "", abs(cents)
    return f"{sign}{whole // 100:,}".replace(",", "\u202f") + f",{whole % 100:02d}\u202f€"


def actor(said: str) -> str:
    """Return who acted, from the text that rows keep: role and login."""
    role, _, login = said.partition(":")
    return f"{login} ({ROLES.get(role, role)})"


def said(words: Mapping[str, str], code: str) -> str:
    """Return the words for a code, or the code where there are none yet."""
    return words.get(code, code)


def iso(text: str) -> str:
    """Return a day that evidence or a statement keeps as text."""
    return day(date.fromisoformat(text))
