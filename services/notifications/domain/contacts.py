"""Contact points: which of them can carry a message at all."""

__all__ = ["TEST_PREFIX", "contact_state", "email_address", "mobile_number"]

import re
from collections.abc import Collection

import phonenumbers

TEST_PREFIX = "+999"  # no country has it; accepted only where messages go to files
TEST_NUMBER = re.compile(r"\+999\d{9}")
# Atoms alone (RFC 5322): what else an address may hold, mail programs read as a list, a group, a comment or not at all.
MAIL_ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([\w-]+\.)+[a-zA-Z]{2,}", re.ASCII)
MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})
OVERSEAS = {"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "976": "YT"}
FRENCH_REGIONS = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM", "NC", "PF", "WF")


def mobile_number(written: str, territory: str, *, test_numbers: bool) -> str | None:
    """
    Return a number that can receive an SMS, in E.164, or None.

    A number without country code is read as one of the territory's own region first, then of the other French ones:
    0692… is valid only in Réunion, 0612… not there.
    """
    if written.startswith(TEST_PREFIX):
        return written if test_numbers and TEST_NUMBER.fullmatch(written) else None
    for region in dict.fromkeys((OVERSEAS.get(territory, "FR"), *FRENCH_REGIONS)):
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            return None
        if phonenumbers.is_valid_number(number):
            if phonenumbers.number_type(number) not in MOBILE:
                return None
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def email_address(written: str) -> str | None:
    """Return an address that a mail can be sent to, or None."""
    return written if MAIL_ADDRESS.fullmatch(written) else None


def contact_state(points: Collection[str], refused: Collection[str]) -> str:
    """Return reachable, doubtful (a point was refused or is unusable, another is left) or unreachable."""
    if not points:
        return "unreachable"
    return "doubtful" if refused else "reachable"
