"""The words of the opinion on assiduity: the operator's own file, or ours, marked SPECIMEN."""

__all__ = ["VERDICTS", "OpinionText", "OpinionTextError", "opinion_text"]

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marshmallow as ma
import yaml

from shared.errors import ParcoursError

OURS = Path(__file__).with_name("opinion_text.yaml")
SPECIMEN = "SPECIMEN – texte d’exemple, sans valeur juridique."
VERDICTS = ("assiduous", "not_assiduous", "not_attributable")


class OpinionTextError(ParcoursError):
    """Raised for a text that breaks its schema: names file, key and rule. Correct the file."""

    code = "bad_legal_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionText:
    """One version of the words, with a sentence for each verdict."""

    version: str
    specimen: bool
    intro: str
    closing: str
    verdicts: Mapping[str, str]

    @property
    def note(self) -> str:
        """Return what stands below the title of a specimen; empty for an operator's text."""
        return SPECIMEN if self.specimen else ""


def opinion_text(path: Path | None) -> OpinionText:
    """Return the operator's words where there is a file, else ours. Raises OpinionTextError."""
    own = path or OURS
    try:
        loaded: OpinionText = _Text().load(yaml.safe_load(own.read_text(encoding="utf-8")))
    except ma.ValidationError as error:
        raise OpinionTextError(f"{own.name}: {error}") from error
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise OpinionTextError(f"{own.name} cannot be read: {error}") from error
    return loaded


class _Verdicts(ma.Schema):
    assiduous = ma.fields.String(required=True, validate=ma.validate.Length(1))
    not_assiduous = ma.fields.String(required=True, validate=ma.validate.Length(1))
    not_attributable = ma.fields.String(required=True, validate=ma.validate.Length(1))


class _Text(ma.Schema):
    version = ma.fields.String(required=True)
    specimen = ma.fields.Boolean(required=True)
    intro = ma.fields.String(required=True, validate=ma.validate.Length(1))
    closing = ma.fields.String(required=True, validate=ma.validate.Length(1))
    verdicts = ma.fields.Nested(_Verdicts, required=True)

    @ma.post_load
    def to_text(self, data: dict[str, Any], **_: object) -> OpinionText:
        return OpinionText(**data)
