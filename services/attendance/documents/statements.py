"""A body's monthly statement on paper, as it was kept."""

__all__ = ["statement_pdf"]

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.attendance.documents import words
from services.attendance.documents.made import made
from services.attendance.domain.marks import DECLARED


def statement_pdf(content: Mapping[str, Any], *, version: int, made_on: date) -> bytes:
    """Return a body's monthly statement, as it was kept. Raises DocumentError."""
    totals, rules = content["totals"], content["rules"]
    month = words.month(date.fromisoformat(content["month"]))
    since = content["since"]
    return made(
        "statement.typ",
        {
            "title": f"État mensuel – {month}",
            "number": f"{content['provider']['code']}-{content['month'][:7]}-v{version}",
            "facts": [
                ("Organisme", content["provider"]["label"]),
                ("Mois", month),
                ("Version", str(version)),
                ("Heures payables", words.hours(totals["paid_minutes"])),
                ("Demi-journées de présence", str(totals["half_days"])),
                ("Montant", words.euros(totals["cents"])),
            ],
            "orders": [_order_row(one) for one in totals["orders"]],
            "proofs": [
                (
                    words.said(words.ACTS, act),
                    str(counted["half_days"]),
                    words.hours(counted["minutes"]),
                    "oui" if act != DECLARED or rules["declared"] else "non, comptée à part",
                )
                for act, counted in totals["proofs"].items()
            ],
            "rules": _rules(content),
            "lines": [_line(one) for one in content["lines"]],
            "missing": [(words.iso(one["held_on"]), one["group"], one["number"]) for one in content["missing"]],
            "corrections_title": f"Corrections depuis la version {version - 1}"
            if since
            else "Corrections depuis la signature des feuilles",
            "corrections": [_correction(one) for one in content["corrections"]],
            "changes_title": f"Ce qui change depuis la version {version - 1}",
            "changes": [_change(one) for one in content["changes"]],
            "earlier": [
                (
                    words.month(date.fromisoformat(one["month"])),
                    str(one["version"]),
                    words.euros(one["was_cents"]),
                    words.euros(one["now_cents"]),
                    words.euros(one["now_cents"] - one["was_cents"]),
                )
                for one in content["earlier"]
            ],
            "footer": [],
        },
        made_on,
    )


def _order_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    unit = {"person_days": "par jour", "person_minutes": "par heure"}.get(one["unit"], "")
    price = f"{words.euros(one['unit_price_cents'])} {unit}" if unit else words.euros(None)
    by_day = one["unit"] == "person_days"
    return (
        f"{one['order'] or 'sans commande'} – {words.TRAININGS.get(one['training'], one['training'])}",
        str(one["half_days"]),
        words.hours(one["followed_minutes"]),
        words.hours(one["paid_minutes"]),
        f"{one['paid_half_days']} demi-journées" if by_day else "–",
        price,
        words.euros(one["cents"]) if unit else words.euros(None),
    )


def _rules(content: Mapping[str, Any]) -> str:
    rules = content["rules"]
    said = ["Payable : toute présence qui porte l’acte de la personne, pour les minutes suivies."]
    said.append(
        "Les présences déclarées par le formateur sont payables."
        if rules["declared"]
        else "Les présences déclarées par le formateur ne sont pas payables ; elles sont comptées à part."
    )
    paid = [words.STATUSES[one] for one in rules["absences"]]
    said.append(f"Absences payables : {', '.join(paid)}." if paid else "Aucune absence n’est payable.")
    said.append("Chaque ligne est arrondie au centime ; le montant est la somme des lignes. [A] Règles à confirmer.")
    if content["totals"]["lines_without_price"]:
        said.append(f"{content['totals']['lines_without_price']} lignes n’ont pas de prix connu.")
    return " ".join(said)


def _line(one: Mapping[str, Any]) -> tuple[str, ...]:
    declared = one["proofs"].get(DECLARED, {"half_days": 0})["half_days"]
    return (
        words.iso(one["held_on"]),
        f"{words.module(one['training'], one['part'])} – {one['group']}, {one['site']}",
        ", ".join(f"{sheet['number']} (v{sheet['version']})" for sheet in one["sheets"]),
        str(one["people"]),
        words.hours(one["followed_minutes"]),
        words.hours(one["paid_minutes"]),
        str(one["paid_half_days"]),
        str(declared),
        words.euros(one["cents"]),
    )


def _correction(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        words.iso(one["held_on"]),
        one["number"],
        one["reference"],
        f"{words.said(words.STATUSES, one['was'])} puis {words.said(words.STATUSES, one['now'])}"
        + (f" ({words.said(words.CORRECTIONS, one['reason'])})" if one["reason"] else ""),
        words.actor(one["actor"]),
        words.iso(one["on"]),
    )


def _change(one: Mapping[str, Any]) -> tuple[str, ...]:
    was, now = one["was"], one["now"]
    return (
        words.iso(one["held_on"]),
        f"{words.module(one['training'], one['part'])} – {one['group']}",
        words.hours(was["paid_minutes"]),
        words.hours(now["paid_minutes"]),
        words.euros(was["cents"]),
        words.euros(now["cents"]),
    )
