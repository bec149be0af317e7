//! What is said of a tournament on the command line, and the body that says it.

use clap::Args;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

#[derive(Debug, Args)]
pub(super) struct Terms {
    /// `live`, or `shadow`: computed beside another system's tournament, shown to staff alone, and paid by nobody
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// What players call it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Which events count, and how, as a statement of SQL
    #[arg(long, value_name = "SQL")]
    query: Option<String>,
    /// How they count, where the statement does not say so, such as `SUM(wagerAmount)`
    #[arg(long, value_name = "SQL", requires = "query")]
    score: Option<String>,
    /// Which events count, and how, as the JSON of a form, such as `{"categories": ["slots"]}`
    #[arg(long, value_name = "JSON", value_parser = form, conflicts_with = "query")]
    form: Option<Box<RawValue>>,
    /// The first moment of which events count
    #[arg(long, value_name = "TIME")]
    starts: Option<String>,
    /// The first moment of which they do not any more
    #[arg(long, value_name = "TIME")]
    ends: Option<String>,
    #[command(flatten)]
    recurs: Recurs,
    /// The zone of days and hours in the query and of the calendar, such as `Europe/Malta`
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// For so many seconds after the end events from before it still count
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u32>,
    /// The most that one event counts
    #[arg(long, value_name = "SCORE", value_parser = score)]
    cap: Option<Box<RawValue>>,
    /// The most that a player's events of one hour count together, of a sum
    #[arg(long, value_name = "SCORE", value_parser = score)]
    cap_per_hour: Option<Box<RawValue>>,
    /// The most that a player's events of one day count together, of a sum
    #[arg(long, value_name = "SCORE", value_parser = score)]
    cap_per_day: Option<Box<RawValue>>,
    /// Who is ahead with an equal score: first, mostEvents, fewestEvents or shared
    #[arg(long, value_name = "HOW")]
    ties: Option<String>,
    /// With fewer events a player has no position
    #[arg(long, value_name = "COUNT")]
    events_min: Option<u32>,
    /// So many positions are shown to players
    #[arg(long, value_name = "COUNT")]
    public_positions: Option<u32>,
    /// Whether players see each other's names masked
    #[arg(long, value_name = "true|false")]
    masked: Option<bool>,
    /// How often those who watch the leaderboard are told what has changed: realTime, 10s or 1m
    #[arg(long, value_name = "HOW")]
    cadence: Option<String>,
    /// What some places win: `1=3000` and `2-10=50` points each, `2-10=pool:1500` together, `10%=voucher:a cup of tea` a thing;
    /// as often as there are prizes
    #[arg(long = "prize", value_name = "PLACES=WIN", value_parser = prize)]
    prizes: Vec<Prize>,
    /// Whether a person has to approve of the results before prizes are paid
    #[arg(long, value_name = "true|false")]
    approval: Option<bool>,
    /// Whether whoever asks sees the public positions, with all names masked
    #[arg(long, value_name = "true|false")]
    public: Option<bool>,
    /// Whether only events of players count who have opted in before
    #[arg(long, value_name = "true|false")]
    opt_in: Option<bool>,
    /// So many players can take part, of those who opt in
    #[arg(long, value_name = "COUNT")]
    participants_max: Option<u32>,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

/// When it takes place again and again.
#[derive(Debug, Args)]
struct Recurs {
    /// Every day at a time, such as `18:00`, again and again
    #[arg(long, value_name = "TIME", group = "recurring", conflicts_with_all = ["starts", "ends"])]
    daily: Option<String>,
    /// On these days of the week, such as `sat,sun@18:00`
    #[arg(long, value_name = "DAYS@TIME", value_parser = weekly, group = "recurring",
          conflicts_with_all = ["starts", "ends"])]
    weekly: Option<Value>,
    /// On this day of every month, such as `31@18:00`
    #[arg(long, value_name = "DAY@TIME", value_parser = monthly, group = "recurring",
          conflicts_with_all = ["starts", "ends"])]
    monthly: Option<Value>,
    /// When the five fields of cron say, such as `0 18 * * FRI`
    #[arg(long, value_name = "FIELDS", group = "recurring", conflicts_with_all = ["starts", "ends"])]
    cron: Option<String>,
    /// How long each lasts, such as `2d`, `54h` or `1d12h30m`; until the next begins without
    #[arg(long, value_name = "LENGTH", requires = "recurring")]
    lasts: Option<String>,
}

fn weekly(text: &str) -> Result<Value, String> {
    let (days, at) =
        text.split_once('@').ok_or("expected days and a time, such as `sat,sun@18:00`")?;
    Ok(json!({ "on": days.split(',').collect::<Vec<_>>(), "at": at }))
}

fn monthly(text: &str) -> Result<Value, String> {
    let read = || {
        let (day, at) = text.split_once('@')?;
        Some(json!({ "day": day.parse::<u8>().ok()?, "at": at }))
    };
    read().ok_or_else(|| "expected a day and a time, such as `31@18:00`".to_owned())
}

impl Recurs {
    fn said(self) -> Option<Value> {
        let Self { daily, weekly, monthly, cron, lasts } = self;
        let begins = [
            ("daily", daily.map(|at| json!({ "at": at }))),
            ("weekly", weekly),
            ("monthly", monthly),
            ("cron", cron.map(Value::String)),
        ];
        let (name, begins) = begins.into_iter().find_map(|(name, it)| Some((name, it?)))?;
        let mut recurs = Map::from_iter([(name.to_owned(), begins)]);
        recurs.extend(lasts.map(|lasts| ("lasts".to_owned(), Value::String(lasts))));
        Some(Value::Object(recurs))
    }
}

fn form(text: &str) -> Result<Box<RawValue>, String> {
    let said = serde_json::from_str::<Box<RawValue>>(text).ok();
    let said = said.filter(|said| said.get().starts_with('{'));
    said.ok_or_else(|| "expected a JSON object such as `{\"categories\": [\"slots\"]}`".to_owned())
}

/// A prize, as a body says it.
#[derive(Debug, Clone)]
struct Prize(Box<RawValue>);

/// Reads a prize; numbers stay as they are, digit by digit.
fn prize(text: &str) -> Result<Prize, String> {
    let wrong = || "expected places and what they win, such as `1=3000`, `2-10=pool:1500` or `10%=voucher:tea`";
    let number = |text: &str| Some(text.to_owned()).filter(|text| text.parse::<f64>().is_ok());
    let read = || {
        let (places, win) = text.split_once('=')?;
        let places = match (places.strip_suffix('%'), places.split_once('-')) {
            (Some(share), _) => format!("\"topPercent\":{}", number(share)?),
            (None, Some((from, to))) => {
                let [from, to] = [from, to].map(|place| place.parse::<u32>().ok());
                format!("\"from\":{},\"to\":{}", from?, to?)
            }
            (None, None) => format!("\"from\":{}", places.parse::<u32>().ok()?),
        };
        let win = match win.split_once(':') {
            Some(("pool", points)) => format!("\"pool\":{}", number(points)?),
            Some((kind, name)) => format!("\"thing\":{}", json!({ "kind": kind, "name": name })),
            None => format!("\"points\":{}", number(win)?),
        };
        RawValue::from_string(format!("{{{places},{win}}}")).ok().map(Prize)
    };
    read().ok_or_else(|| wrong().to_owned())
}

fn score(text: &str) -> Result<Box<RawValue>, String> {
    let is_number = text.parse::<f64>().is_ok_and(|number| number > 0.0);
    let number = RawValue::from_string(text.to_owned()).ok().filter(|_| is_number);
    number.ok_or_else(|| "expected a number such as `100` or `0.5`".to_owned())
}

impl Terms {
    /// What is said, with caps, prizes and the form digit by digit.
    pub(super) fn body(self, id: Option<&str>, template: Option<String>) -> String {
        let texts = [
            ("id", id.map(str::to_owned)),
            ("template", template),
            ("mode", self.mode),
            ("name", self.name),
            ("description", self.description),
            ("query", self.query),
            ("score", self.score),
            ("starts", self.starts),
            ("ends", self.ends),
            ("timezone", self.timezone),
            ("ties", self.ties),
            ("cadence", self.cadence),
            ("why", self.why),
        ];
        let numbers = [
            ("graceSeconds", self.grace),
            ("eventsMin", self.events_min),
            ("publicPositions", self.public_positions),
            ("participantsMax", self.participants_max),
        ];
        let mut body = Map::new();
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, json!(text?))));
        let numbers = numbers.into_iter().filter_map(|(name, it)| Some((name, json!(it?))));
        body.extend(texts.chain(numbers).map(|(name, value)| (name.to_owned(), value)));
        let flags = [
            ("masked", self.masked),
            ("approval", self.approval),
            ("public", self.public),
            ("optIn", self.opt_in),
        ];
        let flags = flags.into_iter().filter_map(|(name, it)| Some((name, json!(it?))));
        body.extend(flags.map(|(name, value)| (name.to_owned(), value)));
        let mut said = Value::Object(body).to_string();
        let prizes: Vec<&str> = self.prizes.iter().map(|Prize(prize)| prize.get()).collect();
        let prizes = Some(prizes.join(",")).filter(|prizes| !prizes.is_empty());
        let exact = [
            ("cap", self.cap.map(|cap| cap.to_string())),
            ("capPerHour", self.cap_per_hour.map(|cap| cap.to_string())),
            ("capPerDay", self.cap_per_day.map(|cap| cap.to_string())),
            ("prizes", prizes.map(|prizes| format!("[{prizes}]"))),
            ("form", self.form.map(|form| form.to_string())),
            ("recurs", self.recurs.said().map(|recurs| recurs.to_string())),
        ];
        for (name, value) in exact {
            let Some(value) = value else { continue };
            let comma = if said == "{}" { "" } else { "," };
            said = format!("{{\"{name}\":{value}{comma}{}", &said[1..]);
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        terms: Terms,
    }

    fn body(words: &[&str]) -> Value {
        let line = Line::try_parse_from(["terms"].iter().chain(words)).unwrap();
        serde_json::from_str(&line.terms.body(None, None)).unwrap()
    }

    #[test]
    fn what_recurs_is_said_in_one_word() {
        let said: [(&[&str], Value); 4] = [
            (&["--daily", "18:00"], json!({ "daily": { "at": "18:00" } })),
            (
                &["--weekly", "sat,sun@18:00", "--lasts", "6h"],
                json!({ "weekly": { "on": ["sat", "sun"], "at": "18:00" }, "lasts": "6h" }),
            ),
            (&["--monthly", "31@00:00"], json!({ "monthly": { "day": 31, "at": "00:00" } })),
            (&["--cron", "0 18 * * FRI"], json!({ "cron": "0 18 * * FRI" })),
        ];
        for (words, expected) in said {
            assert_eq!(body(words), json!({ "recurs": expected }));
        }
        let wrong: [&[&str]; 7] = [
            &["--daily", "18:00", "--cron", "0 0 * * *"],
            &["--daily", "18:00", "--starts", "2030-01-01T00:00:00Z"],
            &["--lasts", "2d"],
            &["--weekly", "18:00"],
            &["--monthly", "last@18:00"],
            &["--form", "slots"],
            &["--form", "{}", "--query", "SELECT"],
        ];
        for wrong in wrong {
            let words = ["terms"].iter().chain(wrong);
            assert!(Line::try_parse_from(words).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_form_is_sent_as_it_was_said() {
        let form = r#"{"leastStake":0.10,"multipliers":{"a":2}}"#;
        let line = Line::try_parse_from(["terms", "--form", form, "--cap", "1.50"]).unwrap();
        let said = line.terms.body(Some("race"), Some("daily-dash".into()));
        assert!(said.contains(form) && said.contains("\"cap\":1.50"), "{said}");
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["id"], &said["template"]), (&json!("race"), &json!("daily-dash")));
    }
}
