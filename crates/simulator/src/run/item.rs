//! Records as the harness writes them, with what they mean to the model.

use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::input::Known;
use accolade_wire::budget::Says;
use accolade_wire::control::{
    Award, Becomes, Command, Control, FillPage, MovedLine, MovedPage, NewKey, PastDoes, PastEvent,
    Request,
};
use accolade_wire::dialect;
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::hex::to_hex;
use accolade_wire::identity::HashKey;
use accolade_wire::program;
use accolade_wire::record::{Kind, Origin, Record, Source};
use accolade_wire::reward::{RewardLimit, RewardPeriod, RewardTerms};
use accolade_wire::tournament::prizes::{PlacesTerms, PrizeTerms, ThingTerms, WinTerms};
use accolade_wire::tournament::{
    AgainTerms, Cadence, Fill, Mode, ResultsTerms, Stage, TiesBy, TournamentTerms,
};

use crate::input::{
    ModelAgain, ModelAsked, ModelAward, ModelBecomes, ModelClaim, ModelCommand, ModelEvent,
    ModelFill, ModelPage, ModelPageLine, ModelPast, ModelPastDoes, ModelPeriod, ModelPlaces,
    ModelPrize, ModelRequest, ModelReward, ModelRight, ModelSaid, ModelSays, ModelStage, ModelTies,
    ModelTournament, ModelWin,
};
use crate::message;
use crate::model::messages::{ModelMessage, ModelSent};
use crate::workload::{Door, WorkloadProgram, WorkloadRecord};

/// A record of the log and its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    pub(crate) operator: String,
    pub(crate) received_at: i64,
    pub(crate) origin: Option<Origin>,
    pub(crate) body: Vec<u8>,
    pub(crate) meaning: Meaning,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Event(ModelEvent),
    Command(ModelCommand),
    Request(ModelRequest),
    Said(ModelSaid),
    Says(String, ModelSays),
    Reward(String, Box<ModelReward>),
    Tournament(String, Box<ModelTournament>),
    Moved(ModelPage),
    Arrived,
    Genesis,
    AddOperator(String),
    Publish(Box<WorkloadProgram>, u32),
    Withdraw(String, u32),
    Right(String, ModelRight),
    SwitchBehaviour(u16),
    Skip,
}

/// The key of all hashes.
const HASH_KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

impl Item {
    fn record(&self) -> Record<'_> {
        Record {
            kind: self.kind,
            source: self.source,
            operator: &self.operator,
            received_at: Timestamp::from_micros(self.received_at),
            origin: self.origin,
            body: &self.body,
        }
    }

    /// The record's bytes.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.record().write(&mut bytes);
        bytes
    }

    /// What an edge tells the fold of every other event; the fold reads the rest itself, and all of them again
    /// after a crash.
    pub(crate) fn known(&self) -> Option<Known> {
        if self.body.len().is_multiple_of(2) {
            return None;
        }
        let event = match self.kind {
            Kind::Wager => read_wager(&self.body).ok()?,
            Kind::GameEvent => Event::Game(read_game_event(&self.body).ok()?),
            Kind::Command | Kind::Control => return None,
        };
        Known::of(&event, &self.record(), &HashKey(HASH_KEY), &dialect::FIRST)
    }

    /// An event or a player's command.
    pub(crate) fn arriving(record: WorkloadRecord, received_at: i64) -> Self {
        let (kind, body) = match (record.door, &record.event) {
            (Door::Wagers, _) => (Kind::Wager, record.bytes),
            (Door::GameEvents, _) => (Kind::GameEvent, record.bytes),
            (Door::Commands, ModelEvent::Consent(consent)) => {
                let (id, player_id) = (consent.command_id.clone(), consent.player_id.clone());
                let command = Command::Consent { id, player_id, joins: consent.takes_part };
                (Kind::Command, json(&command))
            }
            (Door::Commands, ModelEvent::Claim(ModelClaim { command_id, request })) => {
                let (id, request) = (command_id.clone(), request.clone());
                (Kind::Command, json(&Command::Claim { id, request }))
            }
            (Door::Commands, event) => unreachable!("{event:?} is no command"),
        };
        Self {
            kind,
            source: Source::Http,
            operator: record.operator,
            received_at,
            origin: None,
            body,
            meaning: Meaning::Event(record.event),
        }
    }

    /// A command about a dead letter.
    pub(crate) fn command(operator: &str, command: ModelCommand, received_at: i64) -> Self {
        let wire = match command.clone() {
            ModelCommand::Repair { command_id: id, letter: dead_letter, original, .. } => {
                Command::Repair { id, dead_letter, original, operator: None }
            }
            ModelCommand::Release { command_id: id, letter: dead_letter } => {
                Command::Release { id, dead_letter }
            }
            ModelCommand::Discard { command_id: id, letter: dead_letter } => {
                Command::Discard { id, dead_letter, why: "given up".into() }
            }
        };
        Self {
            kind: Kind::Command,
            source: Source::Http,
            operator: operator.to_owned(),
            received_at,
            origin: None,
            body: json(&wire),
            meaning: Meaning::Command(command),
        }
    }

    /// A command about an account beyond wagers.
    pub(crate) fn request(operator: &str, request: &ModelRequest, received_at: i64) -> Self {
        let ModelRequest { command_id: id, who, words, what } = request.clone();
        let wire = match what {
            ModelAsked::Reserve { player_id, points } => {
                Command::Reserve { id, player_id, points, item: words, who }
            }
            ModelAsked::Confirm(redemption) => {
                Command::Confirm { id, redemption: named(redemption), who }
            }
            ModelAsked::Cancel(redemption) => {
                Command::Cancel { id, redemption: named(redemption), why: words, who }
            }
            ModelAsked::Adjust { player_id, points } => {
                Command::Adjust { id, player_id, points, why: words, who }
            }
            ModelAsked::Decide { adjustment, approves } => {
                Command::Decide { id, adjustment: named(adjustment), approves, why: words, who }
            }
            ModelAsked::Exclude { player_id, until } => {
                Command::Exclude { id, player_id, until, why: words, who }
            }
            ModelAsked::Readmit { player_id } => {
                Command::Readmit { id, player_id, why: words, who }
            }
            ModelAsked::TakeOver { player_id, points } => {
                Command::TakeOver { id, player_id, points, who }
            }
            ModelAsked::RaiseSignal { player_id, name, wager_id, hold } => {
                Command::RaiseSignal { id, player_id, name, wager_id, hold, why: words, who }
            }
            ModelAsked::DecideSignal { signal, takes } => {
                Command::DecideSignal { id, signal: named(signal), takes, why: words, who }
            }
            ModelAsked::Redeem { player_id, reward, segment, jurisdiction } => {
                Command::Redeem { id, player_id, reward, segment, jurisdiction, who }
            }
            ModelAsked::Restock { reward, by } => {
                Command::Restock { id, reward, by, why: words, who }
            }
            ModelAsked::Award(award) => Command::Award(award_of(id, award)),
            ModelAsked::Fulfil { player_id, tournament, place, becomes } => {
                let becomes = match becomes {
                    ModelBecomes::Paid => Becomes::Paid,
                    ModelBecomes::Failed => Becomes::Failed,
                    ModelBecomes::Retrying => Becomes::Retrying,
                    ModelBecomes::NotEligible => Becomes::NotEligible,
                };
                Command::Fulfil { id, player_id, tournament, place, becomes, why: words, who }
            }
            ModelAsked::Fill { player_id, tournament, events } => {
                let events = events.iter().map(past_event).collect();
                Command::Fill(FillPage { id, player_id, tournament, events })
            }
            ModelAsked::CountFilled { player_id, tournament } => {
                Command::CountFilled { id, player_id, tournament }
            }
        };
        Self {
            kind: Kind::Command,
            source: Source::Http,
            operator: operator.to_owned(),
            received_at,
            origin: None,
            body: json(&wire),
            meaning: Meaning::Request(request.clone()),
        }
    }

    /// What a rule sends to another partition.
    pub(crate) fn message(message: &ModelMessage, origin: Origin, received_at: i64) -> Self {
        let ModelMessage { operator, sent } = message.clone();
        let (kind, body, meaning) = match sent {
            ModelSent::Event(event) => {
                (Kind::Wager, message::of_gift(&event), Meaning::Event(*event))
            }
            ModelSent::Said(said, _) => (Kind::Command, of_stock(said), Meaning::Said(said)),
            ModelSent::Says(promotion, says, _) => {
                let body = of_budget(promotion.clone(), says);
                (Kind::Command, body, Meaning::Says(promotion, says))
            }
        };
        let (source, origin) = (Source::Node, Some(origin));
        Self { kind, source, operator, received_at, origin, body, meaning }
    }

    /// What an operator says of a reward.
    pub(crate) fn reward(operator: String, reward: ModelReward, now: i64) -> Self {
        let terms = reward.clone();
        let period = |period| match period {
            ModelPeriod::Day => RewardPeriod::Day,
            ModelPeriod::Week => RewardPeriod::Week,
            ModelPeriod::Month => RewardPeriod::Month,
            ModelPeriod::Year => RewardPeriod::Year,
            ModelPeriod::Ever => RewardPeriod::Ever,
        };
        let limit = terms.limit.map(|(count, per)| RewardLimit { count, per: period(per) });
        let control = Control::Reward(RewardTerms {
            operator: operator.clone(),
            id: terms.id,
            edited_from: terms.edited_from,
            name: terms.name,
            description: String::new(),
            picture: String::new(),
            points: terms.points,
            kind: "a thing".into(),
            value: None,
            from: terms.from,
            until: terms.until,
            tiers: terms.tiers,
            segments: terms.segments,
            jurisdictions: terms.jurisdictions,
            limit,
            stocked: terms.is_stocked,
            withdrawn: terms.is_withdrawn,
            who: "somebody".into(),
        });
        Self::control(&control, now, Meaning::Reward(operator, Box::new(reward)))
    }

    /// What an operator says of a tournament.
    pub(crate) fn tournament(operator: String, tournament: ModelTournament, now: i64) -> Self {
        let control = Control::Tournament(terms_of(&operator, &tournament));
        Self::control(&control, now, Meaning::Tournament(operator, Box::new(tournament)))
    }

    /// Where players of a tournament stand whose scores have changed.
    pub(crate) fn moved(operator: &str, page: ModelPage, received_at: i64) -> Self {
        let line = |it: &ModelPageLine| {
            let ModelPageLine { player_id, subject, position, score, reached } = it.clone();
            MovedLine { player_id, subject, position, score: score.to_string(), reached }
        };
        let lines = page.lines.iter().map(line).collect();
        let ModelPage { tournament, revision, look, page: number, after, at, is_last, .. } = page;
        let wire =
            MovedPage { tournament, revision, look, page: number, after, at, is_last, lines };
        Self {
            kind: Kind::Command,
            source: Source::Http,
            operator: operator.to_owned(),
            received_at,
            origin: None,
            body: json(&Command::Moved(wire)),
            meaning: Meaning::Moved(page),
        }
    }

    /// The answer of partition `by` to one that sent it a message.
    pub(crate) fn arrived(by: u16, sequence: u64, received_at: i64) -> Self {
        Self {
            kind: Kind::Command,
            source: Source::Node,
            operator: String::new(),
            received_at,
            origin: None,
            body: json(&Command::Arrived { by, sequence }),
            meaning: Meaning::Arrived,
        }
    }

    fn control(control: &Control, received_at: i64, meaning: Meaning) -> Self {
        Self {
            kind: Kind::Control,
            source: Source::Node,
            operator: String::new(),
            received_at,
            origin: None,
            body: serde_json::to_vec(control).expect("a control record is plain data"),
            meaning,
        }
    }

    pub(crate) fn genesis(partitions: u16, behaviour: u16, now: i64) -> Self {
        let control = Control::Genesis {
            cluster_id: "5ca1ab1e".into(),
            partitions,
            hash_key: to_hex(&HASH_KEY),
            behaviour,
            window_hours: 168,
            recent_hours: 24,
        };
        Self::control(&control, now, Meaning::Genesis)
    }

    pub(crate) fn add_operator(operator: String, now: i64) -> Self {
        let control = Control::Operator {
            operator: operator.clone(),
            key_hash: "00".into(),
            events_per_second: 0,
        };
        Self::control(&control, now, Meaning::AddOperator(operator))
    }

    pub(crate) fn publish(version: Box<WorkloadProgram>, edited_from: u32, now: i64) -> Self {
        let document = program::read(&version.document).expect("the workload's programs are valid");
        let control = Control::Publish {
            operator: version.operator.clone(),
            edited_from,
            effective_from: version.effective_from,
            why: "because".into(),
            who: "somebody".into(),
            published_at: now,
            document: program::to_json(&document),
            zone: version.program.zone.offsets.clone(),
        };
        Self::control(&control, now, Meaning::Publish(version, edited_from))
    }

    pub(crate) fn withdraw(operator: String, version: u32, now: i64) -> Self {
        let control = Control::Withdraw {
            operator: operator.clone(),
            version,
            why: "because".into(),
            who: "somebody".into(),
        };
        Self::control(&control, now, Meaning::Withdraw(operator, version))
    }

    pub(crate) fn right(operator: String, right: ModelRight, now: i64) -> Self {
        let who = || "somebody".to_owned();
        let id = |name: u64| format!("key-{name}");
        let control = match right {
            ModelRight::Key(name) => Control::Key(NewKey {
                operator: operator.clone(),
                id: id(name),
                name: format!("the key {name}"),
                roles: vec!["support".into()],
                secret_hash: "c0".repeat(32),
                until: None,
                networks: vec![],
                event_types: vec![],
                origins: vec![],
                player: None,
                who: who(),
            }),
            ModelRight::Rotate(name, rotation) => Control::RotateKey {
                operator: operator.clone(),
                id: id(name),
                rotation: rotation.to_string(),
                secret_hash: "c1".repeat(32),
                old_until: now,
                who: who(),
            },
            ModelRight::Revoke(name) => {
                Control::RevokeKey { operator: operator.clone(), id: id(name), who: who() }
            }
            ModelRight::Pause(true) => {
                Control::Pause { operator: operator.clone(), why: "because".into(), who: who() }
            }
            ModelRight::Pause(false) => Control::Resume { operator: operator.clone(), who: who() },
        };
        Self::control(&control, now, Meaning::Right(operator, right))
    }

    pub(crate) fn switch_behaviour(number: u16, now: i64) -> Self {
        Self::control(&Control::Behaviour { number }, now, Meaning::SwitchBehaviour(number))
    }

    pub(crate) fn skip(place: Place, now: i64) -> Self {
        let Place { partition, batch, slot, .. } = place;
        let control = Control::Skip { partition, batch, slot, who: "somebody".into() };
        Self::control(&control, now, Meaning::Skip)
    }
}

fn named((player, batch, slot): (u32, u64, u32)) -> Request {
    Request { player, batch, slot }
}

fn past_event(event: &ModelPast) -> PastEvent {
    let ModelPast { place: (batch, slot), now, does } = *event;
    let does = match does {
        ModelPastDoes::Counts(value, at) => PastDoes::Counts { value: value.to_string(), at },
        ModelPastDoes::Voids(wager) => PastDoes::Voids { wager },
    };
    PastEvent { batch, slot, now, does }
}

fn award_of(id: String, award: ModelAward) -> Award {
    let ModelAward { player_id, tournament, settlement, place, before, .. } = award;
    let ModelAward { position, score, events, points, .. } = award;
    let (thing, pays, score) = (award.thing, award.pays, score.to_string());
    Award {
        id,
        player_id,
        tournament,
        settlement,
        before,
        place,
        position,
        score,
        events,
        points,
        thing,
        pays,
    }
}

/// What a prize of the model's is on the wire.
pub(crate) fn prize_terms(prize: &ModelPrize) -> PrizeTerms {
    let places = match prize.places {
        ModelPlaces::Range(from, to) => PlacesTerms::Range { from, to },
        ModelPlaces::Top(share) => PlacesTerms::Top(share),
    };
    let thing = || ThingTerms { kind: "bonus".into(), name: "a cup of tea".into(), value: None };
    let win = match prize.win {
        ModelWin::Points(points) => WinTerms::Points(points),
        ModelWin::Pool(pool) => WinTerms::Pool(pool),
        ModelWin::Thing => WinTerms::Thing(thing()),
    };
    PrizeTerms { places, win }
}

/// What a tournament of the model's is on the wire.
pub(crate) fn terms_of(operator: &str, tournament: &ModelTournament) -> TournamentTerms {
    let terms = tournament.clone();
    let results = terms.results.map(|it| ResultsTerms {
        players: it.players,
        lines: it.lines,
        points: it.points,
        things: it.things,
        former: it.former,
        hash: it.hash,
    });
    TournamentTerms {
        operator: operator.to_owned(),
        query: terms.query.sql(),
        id: terms.id,
        edited_from: terms.edited_from,
        name: terms.name,
        description: String::new(),
        starts: terms.starts,
        ends: terms.ends,
        grace_seconds: terms.grace_seconds,
        timezone: terms.zone.name,
        zone: terms.zone.offsets,
        recurs: None,
        series: None,
        cap: terms.cap,
        cap_per_hour: None,
        cap_per_day: None,
        ties: match terms.ties {
            ModelTies::First => TiesBy::First,
            ModelTies::MostEvents => TiesBy::MostEvents,
            ModelTies::FewestEvents => TiesBy::FewestEvents,
            ModelTies::Shared => TiesBy::Shared,
        },
        events_min: terms.events_min,
        public_positions: terms.public_positions,
        masked: false,
        mode: Mode::default(),
        prizes: terms.prizes.iter().map(prize_terms).collect(),
        approval: terms.approval,
        public: false,
        cadence: Cadence::default(),
        opt_in: false,
        participants_max: None,
        again: terms.again.map(|it| {
            let ModelAgain { times, takes_back, request } = it;
            Box::new(AgainTerms { times, takes_back, request })
        }),
        fill: terms.fill.map(|fill| match fill {
            ModelFill::Reading => Fill::Reading,
            ModelFill::Counting => Fill::Counting,
            ModelFill::Done => Fill::Done,
        }),
        stage: match terms.stage {
            ModelStage::Draft => Stage::Draft,
            ModelStage::Scheduled => Stage::Scheduled,
            ModelStage::Cancelled => Stage::Cancelled,
            ModelStage::Settled => Stage::Settled,
            ModelStage::Approved => Stage::Approved,
            ModelStage::Paid => Stage::Paid,
            ModelStage::Resettling => Stage::Resettling,
        },
        results,
        why: String::new(),
        who: "somebody".into(),
    }
}

/// What is said of a stock, as bytes.
fn of_stock(said: ModelSaid) -> Vec<u8> {
    json(&match said {
        ModelSaid::TakeStock { reward, redemption } => {
            Command::TakeStock { reward, redemption: named(redemption) }
        }
        ModelSaid::StockTaken { reward, redemption, granted } => {
            Command::StockTaken { reward, redemption: named(redemption), granted }
        }
        ModelSaid::ReturnStock { reward } => Command::ReturnStock { reward },
    })
}

/// What is said of a budget, as bytes.
fn of_budget(promotion: String, says: ModelSays) -> Vec<u8> {
    let says = match says {
        ModelSays::Asks(points) => Says::Asks { points },
        ModelSays::Grants(points) => Says::Grants { points },
        ModelSays::Recalls => Says::Recalls,
        ModelSays::Returns(points) => Says::Returns { points },
    };
    json(&Command::Budget { promotion, says })
}

fn json(command: &Command) -> Vec<u8> {
    serde_json::to_vec(command).expect("a command is plain data")
}
