//! Whoever tells who has moved on leaderboards: any node that looks, one after the other or at the same time. Pages are lost, come
//! again, come late, and go together with those of another look.

use accolade_domain::ranking::Standing;
use accolade_engine::partition::Partition;
use accolade_wire::hex::to_hex;
use accolade_wire::identity::partition_of;

use super::boards::{Part, ranked};
use super::steward::Reads;
use crate::input::{ModelPage, ModelPageLine, ModelTournament};
use crate::model::Model;
use crate::random::Random;
use crate::workload::OPERATORS;

/// So long after its close it is still looked at a tournament.
const AFTER: i64 = 600_000_000;
/// So many pages are remembered, to be sent again.
const MEMORY: usize = 20;

/// A page on its way to a partition, and the operator whose tournament it is of.
pub(crate) type Page = (u16, String, ModelPage);

/// The teller of a world.
#[derive(Debug)]
pub(crate) struct Teller {
    random: Random,
    /// How often anybody looks, in a hundred.
    percent: u64,
    sent: Vec<Page>,
    looks: i64,
}

impl Teller {
    /// Of the world of a seed, which goes on as it would without, but for what is told.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x0007_e11e_4000);
        let percent = *random.pick(&[0, 15, 40]);
        Self { percent, sent: Vec::new(), looks: 0, random }
    }

    /// What is told now.
    pub(crate) fn tell(
        &mut self,
        models: &[&Model],
        now: i64,
        is_calm: bool,
        read: Reads<'_>,
    ) -> Vec<Page> {
        if self.percent == 0 || !models.iter().all(|model| model.knows_requests()) {
            return Vec::new();
        }
        let random = &mut self.random.fork();
        if !random.percent(if is_calm { self.percent / 4 } else { self.percent }) {
            return Vec::new();
        }
        if random.percent(12) && !self.sent.is_empty() {
            return vec![random.pick(&self.sent).clone()];
        }
        let mut all = Vec::new();
        for operator in OPERATORS {
            for (number, (terms, _)) in (1..).zip(models[0].tournaments(operator)) {
                let is_live = terms.starts <= now && now < terms.closes() + AFTER;
                if terms.stage.takes_place() && is_live || random.percent(2) {
                    all.push((operator, number, terms));
                }
            }
        }
        if all.is_empty() {
            return Vec::new();
        }
        let of = *random.pick(&all);
        self.look(models, of, now, random, read)
    }

    fn look(
        &mut self,
        models: &[&Model],
        (operator, number, terms): (&str, u32, &ModelTournament),
        now: i64,
        random: &mut Random,
        read: Reads<'_>,
    ) -> Vec<Page> {
        let partitions = u16::try_from(models.len()).expect("few");
        let home = partition_of(&terms.id, partitions);
        let told = models[usize::from(home)].told_up_to(operator, number, now);
        // What another has told meanwhile is not known yet.
        let (revision, after) = match random.below(10) {
            0 => (told.revision.saturating_sub(1), told.all),
            1 => (told.revision, told.all.saturating_sub(1).max(0)),
            _ => (told.revision, told.all),
        };
        let Some((lines, at)) = lines(partitions, operator, number, after, read) else {
            return Vec::new();
        };
        if lines.is_empty() {
            return Vec::new();
        }
        // Of two who look at the same time.
        self.looks += i64::from(!random.percent(5));
        let at_once = *random.pick(&[1, 2, 1_000]);
        let pages = lines.len().div_ceil(at_once);
        let page = |(page, lines): (usize, &[ModelPageLine])| {
            let page = ModelPage {
                tournament: number,
                revision: revision + page as u64,
                look: self.looks,
                page: u32::try_from(page).expect("few"),
                after,
                at,
                is_last: page == pages,
                lines: lines.to_vec(),
            };
            (home, operator.to_owned(), page)
        };
        let mut told: Vec<Page> = (1..).zip(lines.chunks(at_once)).map(page).collect();
        if random.percent(10) {
            told.remove(random.index(told.len()));
        }
        for page in &told {
            if self.sent.len() == MEMORY {
                self.sent.swap_remove(random.index(MEMORY));
            }
            self.sent.push(page.clone());
        }
        told
    }
}

/// Where those stand whose scores have changed at a time or later, and up to when nobody is left out; nothing where a partition
/// is nowhere, does not know the tournament, or has not heard that it is filled.
fn lines(
    partitions: u16,
    operator: &str,
    number: u32,
    after: i64,
    read: Reads<'_>,
) -> Option<(Vec<ModelPageLine>, i64)> {
    let (mut parts, mut ties, mut at) = (Vec::new(), None, i64::MAX);
    for of in 0..partitions {
        read(of, &mut |partition: &Partition| {
            let Some(operator) = partition.rules().operator(operator) else { return };
            let known = operator.tournaments.numbered(number);
            let Some(tournament) = known.filter(|it| !it.is_filling()) else { return };
            parts.push(Part::of(partition, operator.number, tournament));
            ties = Some(tournament.decides().ties);
            at = at.min(partition.time().micros());
        });
    }
    let all =
        ties.filter(|_| parts.len() == usize::from(partitions)).map(|it| ranked(it, &parts))?;
    let changed = all.into_iter().filter(|(_, it, _)| it.changed_at.micros() >= after);
    let line = |(position, standing, player_id)| {
        let Standing { subject, score, changed_at, .. } = standing;
        let (subject, score, reached) = (to_hex(&subject.0), score.0, changed_at.micros());
        ModelPageLine { player_id, subject, position, score, reached }
    };
    Some((changed.map(line).collect(), at))
}
