//! What becomes of points that were earned: when they can be spent, when they expire, and what a void may take.

use accolade_domain::lots::{
    Expiry, Floor, MONTHS_MAX, Months, NOTIFY_DAYS_MAX, NotifyDays, PENDING_HOURS_MAX, PendingFor,
};

use super::fields::{Field, Problems, Section};
use crate::document::Value;

type Lots = (Floor, PendingFor, Expiry);

/// As behaviour 1 reads it: points can be spent at once, and never expire.
pub(super) fn first(section: &Section<'_>, problems: &mut Problems) -> Lots {
    let choices = [("unlimited", Floor::Unlimited), ("balance", Floor::Balance)];
    let voids =
        section.get("voids").and_then(|field| field.choice(&choices, &["pending"], problems));
    refuse_pending(section, problems);
    refuse_expiry(section, problems);
    (voids.unwrap_or(Floor::Unlimited), PendingFor::default(), Expiry::default())
}

fn refuse_pending(section: &Section<'_>, problems: &mut Problems) {
    let Some(pending) = section.get("pending") else { return };
    let section = pending.section(&["for"], &[], problems);
    let Some(field) = section.get("for") else { return };
    let (Value::Text(text) | Value::Number(text)) = &field.node.value else {
        return field.expected("a duration such as `0h`", problems);
    };
    if !NO_TIME.contains(&&**text) {
        let detail = "a `pending` time is not supported by this version yet; expected `0h`";
        field.wrong(detail, problems);
    }
}

fn refuse_expiry(section: &Section<'_>, problems: &mut Problems) {
    let Some(field) = section.get("expiry") else { return };
    if field.node.value != Value::Text("none".into()) {
        field.wrong("`expiry` is not supported by this version yet; expected `none`", problems);
    }
}

/// How no time may be written.
const NO_TIME: [&str; 5] = ["0", "0s", "0m", "0h", "0d"];

/// As behaviour 2 reads it.
pub(super) fn second(section: &Section<'_>, problems: &mut Problems) -> Lots {
    let choices =
        [("unlimited", Floor::Unlimited), ("balance", Floor::Balance), ("pending", Floor::Pending)];
    let voids = section.get("voids").and_then(|field| field.choice(&choices, &[], problems));
    (voids.unwrap_or(Floor::Unlimited), pending(section, problems), expiry(section, problems))
}

fn pending(section: &Section<'_>, problems: &mut Problems) -> PendingFor {
    let Some(pending) = section.get("pending") else { return PendingFor::default() };
    let section = pending.section(&["for"], &[], problems);
    let Some(field) = section.get("for") else { return PendingFor::default() };
    if let Value::Text(text) | Value::Number(text) = &field.node.value
        && NO_TIME.contains(&&**text)
    {
        return PendingFor::default();
    }
    let form = format!("whole hours or days such as `24h` or `2d`, at most `{PENDING_HOURS_MAX}h`");
    let hours = field.counted(&[("h", 1), ("d", 24)], PENDING_HOURS_MAX, &form, problems);
    hours.and_then(PendingFor::new).unwrap_or_default()
}

fn expiry(section: &Section<'_>, problems: &mut Problems) -> Expiry {
    let Some(field) = section.get("expiry") else { return Expiry::default() };
    if field.node.value == Value::Text("none".into()) {
        return Expiry::default();
    }
    let Value::Map(_) = &field.node.value else {
        field.expected("`after: 12mo`, `inactivity: 6mo` or both, or `none`", problems);
        return Expiry::default();
    };
    let section = field.section(&["after", "inactivity", "notify"], &[], problems);
    let mut after = |key| section.get(key).and_then(|field| months(field, problems));
    let (after, inactivity) = (after("after"), after("inactivity"));
    let notify = section.get("notify").and_then(|field| notify(field, problems));
    let expiry = Expiry { after, inactivity, notify: notify.unwrap_or_default() };
    if section.get("after").is_none() && section.get("inactivity").is_none() {
        field.missing("after", "`after: 12mo`, `inactivity: 6mo` or both", problems);
    }
    expiry
}

fn notify(field: &Field<'_>, problems: &mut Problems) -> Option<NotifyDays> {
    let form = format!("a number of days from `1d` to `{NOTIFY_DAYS_MAX}d`");
    let days = field.counted(&[("d", 1)], u16::from(NOTIFY_DAYS_MAX), &form, problems)?;
    u8::try_from(days).ok().and_then(NotifyDays::new)
}

fn months(field: &Field<'_>, problems: &mut Problems) -> Option<Months> {
    let form = format!("a number of months from `1mo` to `{MONTHS_MAX}mo`");
    let months = field.counted(&[("mo", 1)], u16::from(MONTHS_MAX), &form, problems)?;
    let months = u8::try_from(months).ok().and_then(Months::new);
    if months.is_none() {
        field.expected(&form, problems);
    }
    months
}
