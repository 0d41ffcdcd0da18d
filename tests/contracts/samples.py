"""One example of each event, with every field filled: what the golden files are made from."""

from datetime import UTC, date, datetime, time
from uuid import UUID

from shared import events as e


def uid(number):
    return UUID(int=0x01900000_0000_7000_8000_000000000000 + number)


EXAMPLES = (
    e.ProviderState(subject_version=2, provider_id=uid(1), code="ORG1", label="Association Horizon"),
    e.SiteState(
        subject_version=1, site_id=uid(2), provider_id=uid(1), label="Bobigny centre", commune="Bobigny",
        zone="Europe/Paris", step_free=True,
    ),
    e.OrderState(
        subject_version=1, order_id=uid(14), provider_id=uid(1), code="L2", training="language", unit="person_minutes",
        first_on=date(2025, 1, 1), last_on=date(2026, 12, 31), unit_price_cents=740,
    ),
    e.TrainerState(subject_version=1, trainer_id=uid(15), provider_id=uid(1), code="F1"),
    e.SignatoryState(
        subject_version=1, signatory_id=uid(3), reference="93-2025-000001", territory="93", spoken=("ar", "fr"),
        reads="with_help", reading_language="ar", channel="sms", shared_phone=False,
    ),
    e.ContractState(
        subject_version=3, contract_id=uid(4), signatory_id=uid(3), territory="93", programme="cir-2025",
        regime="obligatoire", state="running", signed_on=date(2025, 7, 3), term_on=date(2026, 7, 2),
        civic_days_required=4, assiduity_percent=None, review_lead_days=60, unexplained_in_a_row=2,
    ),
    e.PrescriptionState(
        subject_version=1, prescription_id=uid(5), contract_id=uid(4), signatory_id=uid(3),
        owed=(e.Owed(training="civic", part="S1", minutes=360, quickest_days=1),),
    ),
    e.SessionState(
        subject_version=1, session_id=uid(6), provider_id=uid(1), site_id=uid(2), training="civic", package="S1+S2",
        trainer="F1", state="open",
        meetings=(
            e.Meeting(
                meeting_id=uid(7), held_on=date(2025, 8, 4), slot="morning", starts_at=time(9), minutes=180, part="S1"
            ),
        ),
    ),
    e.PlacementState(
        subject_version=1, placement_id=uid(8), contract_id=uid(4), signatory_id=uid(3), session_id=uid(6), part="S1",
        joins_on=date(2025, 8, 4), state="active",
    ),
    e.PlacementTakenState(
        subject_version=1, placement_id=uid(8), contract_id=uid(4), signatory_id=uid(3), session_id=uid(6), part="S1",
        joins_on=date(2025, 8, 4), state="active", told_on=date(2025, 7, 1), channel="letter",
    ),
    e.CarriedState(
        subject_version=1, contract_id=uid(4), signatory_id=uid(3), until=date(2025, 7, 2),
        carried=(e.Carried(training="language", part="200", followed=3600, offered=4200),),
    ),
    e.PersonMerged(kept_id=uid(3), other_id=uid(13)),
    e.PersonUnmerged(kept_id=uid(3), other_id=uid(13)),
    e.AppointmentState(
        subject_version=1, appointment_id=uid(11), person_id=uid(3), reference="93-2025-000123", territory="93",
        kind="interview", state="booked", site_id=uid(2), held_on=date(2025, 7, 10), starts_at=time(9), minutes=210,
        spoken=("ps",), reads="with_help", reading_language="ps", channel="sms", shared_phone=False,
    ),
    e.DutyDue(
        duty_id=uid(12), contract_id=uid(4), signatory_id=uid(3), kind="certification_offer",
        opens_on=date(2026, 1, 10), due_on=date(2026, 7, 10),
    ),
    e.SlotOfferState(
        subject_version=1, offer_id=uid(18), signatory_id=uid(3), state="open",
        until=datetime(2025, 7, 6, 8, 30, tzinfo=UTC),
    ),
    e.ProgressState(
        subject_version=9, contract_id=uid(4), followed_minutes=360, remaining_minutes=1080,
        forecast_first=date(2025, 10, 1), forecast_last=None, status="running",
    ),
    e.FlagState(
        subject_version=1, flag_id=uid(9), contract_id=uid(4), signatory_id=uid(3), kind="overrun_forecast",
        state="open", owner="planner", due_on=date(2025, 8, 18), evidence=("placement:x ends 2026-08-01",),
    ),
    e.RollSigned(meeting_id=uid(7), session_id=uid(6), present=14, absent=2),
    e.MeetingMissed(
        contract_id=uid(4), signatory_id=uid(3), meeting_id=uid(7), session_id=uid(6), placement_id=uid(8), part="S1",
        missed_on=date(2025, 8, 4),
    ),
    e.DayIncomplete(
        contract_id=uid(4), signatory_id=uid(3), meeting_id=uid(7), session_id=uid(6), placement_id=uid(8), part="S1",
        held_on=date(2025, 8, 4), minutes_followed=270, why="partly_attended",
    ),
    e.AbsenceWithdrawn(
        contract_id=uid(4), signatory_id=uid(3), meeting_id=uid(7), session_id=uid(6), placement_id=uid(8), part="S1",
        missed_on=date(2025, 8, 4), mark_id=uid(13),
    ),
    e.RollSealed(
        provider_id=uid(1), position=41, meeting_id=uid(7), roll_version=1, head="c4" * 32,
        prints="0123456789abcdef fedcba9876543210",
    ),
    e.ChainHead(provider_id=uid(1), day=date(2025, 8, 4), position=41, head="c4" * 32),
    e.RollMissingState(
        subject_version=1, meeting_id=uid(7), session_id=uid(6), provider_id=uid(1), held_on=date(2025, 8, 4),
        stage="provider",
    ),
    e.LevelReached(
        contract_id=uid(4), signatory_id=uid(3), test="intermediate", level="A1", target_reached=True,
        reached_on=date(2025, 8, 4),
    ),
    e.TrainingCompleted(
        contract_id=uid(4), signatory_id=uid(3), training="civic", outcome="completed", ended_on=date(2025, 10, 2)
    ),
    e.ContactGiven(word_id=uid(14), signatory_id=uid(3)),
    e.RelayAsked(
        meeting_id=uid(7), session_id=uid(6), signatory_id=uid(3), held_on=date(2025, 8, 4), starts_at=time(9),
        minutes=180,
    ),
    e.NoticeDelivered(
        notice_id=uid(10), signatory_id=uid(3), session_id=uid(6), kind="convocation", channel="sms", usable=True,
        proof="receipt",
    ),
    e.NoticeFailed(
        notice_id=uid(10), signatory_id=uid(3), session_id=uid(6), kind="convocation", reason="no_contact_point"
    ),
    e.ContactabilityState(subject_version=1, signatory_id=uid(3), state="doubtful", channels=("sms", "email")),
    e.AbsenceAnnouncedState(
        subject_version=2, announcement_id=uid(16), signatory_id=uid(3), session_id=uid(6), held_on=date(2025, 8, 4),
        kind="late", withdrawn=False,
    ),
    e.PlacementDeclined(placement_id=uid(8), signatory_id=uid(3), declined_on=date(2025, 7, 20)),
    e.ContactChanged(word_id=uid(17), signatory_id=uid(3)),
)  # fmt: skip
