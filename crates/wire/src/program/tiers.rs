//! Tiers: the window whose points decide, the levels, and how long one is kept.

use accolade_domain::amount::{Points, Rate};
use accolade_domain::civil::Period;
use accolade_domain::tier::{
    GRACE_DAYS_MAX, GraceDays, LEVELS_MAX, Level, Levels, Tiers, WINDOW_DAYS_MAX, Window,
    WindowDays,
};

use super::fields::{Field, Problems, Section, refuse_case_variants};
use crate::document::Value;

/// Reads the tiers of a program, if it has any.
pub(super) fn tiers(section: &Section<'_>, problems: &mut Problems) -> Option<Tiers> {
    let field = section.get("tiers")?;
    let section = field.section(&["window", "levels", "grace"], &[], problems);
    for (key, form) in [
        ("window", "`window: { rolling: 365d }` or `window: { calendar: year }`"),
        ("levels", "`levels: [{ name: bronze, from: 0 }]`"),
    ] {
        if section.get(key).is_none() {
            field.missing(key, form, problems);
        }
    }
    let window = section.get("window").and_then(|window| read_window(window, problems));
    let levels = section.get("levels").and_then(|levels| read_levels(levels, problems));
    let grace = match section.get("grace") {
        Some(grace) => days(grace, GRACE_DAYS_MAX, problems).and_then(GraceDays::new),
        None => Some(GraceDays::default()),
    };
    Some(Tiers { window: window?, levels: levels?, grace: grace? })
}

fn read_window(field: &Field<'_>, problems: &mut Problems) -> Option<Window> {
    let section = field.section(&["rolling", "calendar"], &[], problems);
    let periods = [("month", Period::Month), ("quarter", Period::Quarter), ("year", Period::Year)];
    match (section.get("rolling"), section.get("calendar")) {
        (Some(rolling), None) => {
            let days = days(rolling, WINDOW_DAYS_MAX, problems)?;
            let window = WindowDays::new(days).map(Window::Rolling);
            if window.is_none() {
                rolling.expected("at least a day, such as `365d`", problems);
            }
            window
        }
        (None, Some(calendar)) => calendar.choice(&periods, &[], problems).map(Window::Calendar),
        (Some(_), Some(_)) => {
            field.wrong("expected either `rolling` or `calendar`, not both", problems);
            None
        }
        (None, None) => {
            field.missing("rolling", "`rolling: 365d` or `calendar: year`", problems);
            None
        }
    }
}

/// A number of days such as `365d`.
fn days(field: &Field<'_>, max: u16, problems: &mut Problems) -> Option<u16> {
    let form = format!("a number of days such as `30d`, at most `{max}d`");
    field.counted(&[("d", 1)], max, &form, problems)
}

fn read_levels(field: &Field<'_>, problems: &mut Problems) -> Option<Levels> {
    let items = field.items(problems);
    if items.is_empty() || items.len() > LEVELS_MAX {
        if matches!(field.node.value, Value::List(_)) {
            field.wrong(format!("expected 1 to {LEVELS_MAX} levels"), problems);
        }
        return None;
    }
    let mut levels: Vec<Level> = Vec::new();
    let mut names = Vec::new();
    for item in items {
        let section = item.section(&["name", "from", "multiplier"], &[], problems);
        let level = read_level(&item, &section, levels.last(), problems);
        if let (Some(name), Some(level)) = (section.get("name"), &level) {
            if levels.iter().any(|other| other.name == level.name) {
                name.wrong(
                    format!("there is another level of the name `{}`", level.name),
                    problems,
                );
            }
            names.extend(name.name(&mut Problems::default()).map(|text| (text, name.clone())));
        }
        levels.extend(level);
    }
    refuse_case_variants(names, problems);
    Levels::new(levels)
}

fn read_level(
    item: &Field<'_>,
    section: &Section<'_>,
    below: Option<&Level>,
    problems: &mut Problems,
) -> Option<Level> {
    for (key, form) in [("name", "`name: silver`"), ("from", "`from: 1000`")] {
        if section.get(key).is_none() {
            item.missing(key, form, problems);
        }
    }
    let name = section.get("name").and_then(|name| name.name(problems));
    let from_field = section.get("from");
    let from = from_field.and_then(|from| from.points(problems));
    if let (Some(field), Some(from)) = (from_field, from) {
        match below {
            None if from != Points::ZERO => {
                field.wrong("the lowest level begins at 0: it is everybody's", problems);
            }
            Some(below) if from <= below.from => {
                let detail = format!(
                    "expected more than the {} of `{}`: levels come from the lowest to the highest",
                    below.from, below.name
                );
                field.wrong(detail, problems);
            }
            None | Some(_) => {}
        }
    }
    let multiplier = match section.get("multiplier") {
        Some(multiplier) => {
            let rate = multiplier.rate(problems)?;
            if rate == Rate::ZERO {
                multiplier.wrong("expected a multiplier above 0", problems);
            }
            rate
        }
        None => Rate::ONE,
    };
    Some(Level { name: name?.into(), from: from?, multiplier })
}
