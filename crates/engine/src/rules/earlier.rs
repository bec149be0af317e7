//! The rules as they were, and the control records that made them.

use std::sync::Arc;

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::control::Control;

use super::keys::{FirstKey, Key, Revocation};
use super::pauses::Pause;
use super::{BEHAVIOUR, Operator, Rules, Settings, Since};
use crate::partition::Partition;

impl Rules {
    /// The rules as they were after the first `number` control records; all that did not change since is
    /// shared.
    #[must_use]
    pub fn as_of(&self, number: u64) -> Self {
        let mut rules = self.clone();
        if number >= self.applied {
            return rules;
        }
        rules.applied = number;
        rules.behaviours.retain(|(since, _)| since.control <= number);
        match rules.behaviours.last() {
            Some((_, behaviour)) => rules.settings.behaviour = *behaviour,
            None => rules.settings = Settings::default(),
        }
        rules.first_key = rules.first_key.filter(|key| key.since.control <= number);
        for operator in self.operators().filter(|operator| operator.changed > number) {
            if operator.since.control > number {
                rules.operators.remove_mut(&operator.id);
                rules.names.remove_mut(&operator.number);
            } else {
                let earlier = Arc::new(operator.as_of(number));
                rules.operators.insert_mut(operator.id.clone(), earlier);
            }
        }
        rules
    }

    /// The shortest list of control records that makes these rules, in their order, with the time of
    /// each: those that changed something.
    pub fn controls(&self) -> Vec<(Timestamp, Control)> {
        let mut controls = self.settings_controls();
        if let Some(key) = &self.first_key {
            let FirstKey { secret_hash, until, who, since } = &**key;
            let (secret_hash, who) = (secret_hash.to_string(), who.to_string());
            let control = Control::FirstKey { secret_hash, until: until.micros(), who };
            controls.push((*since, control));
        }
        for operator in self.operators() {
            operator.add_controls(&mut controls);
        }
        controls.sort_by_key(|(since, _)| *since);
        controls.into_iter().map(|(since, control)| (since.time, control)).collect()
    }

    /// The same rules as if nothing else had ever been ordered than [`Rules::controls`], and the bodies of
    /// those records.
    pub fn retold(&self) -> (Self, Vec<(Timestamp, Vec<u8>)>) {
        let mut rules = Self::default();
        let mut records = Vec::new();
        for (time, control) in self.controls() {
            let body = serde_json::to_vec(&control).expect("a control record is plain data");
            let known = BEHAVIOUR.max(self.settings.behaviour);
            let (next, outcome) =
                rules.after(&body, time, known).expect("it was carried out before");
            assert!(matches!(outcome, Outcome::Done { .. }), "it was carried out before");
            rules = next;
            records.push((time, body));
        }
        (rules, records)
    }

    fn settings_controls(&self) -> Vec<(Since, Control)> {
        let Settings { cluster_id, partitions, hash_key, window_hours, recent_hours, .. } =
            &self.settings;
        let hex = |hex: String, byte: &u8| hex + &format!("{byte:02x}");
        let genesis = |behaviour| Control::Genesis {
            cluster_id: cluster_id.to_string(),
            partitions: *partitions,
            hash_key: hash_key.0.iter().fold(String::new(), hex),
            behaviour,
            window_hours: *window_hours,
            recent_hours: *recent_hours,
        };
        let control = |(at, (since, number)): (usize, &(Since, u16))| match at {
            0 => (*since, genesis(*number)),
            _ => (*since, Control::Behaviour { number: *number }),
        };
        self.behaviours.iter().enumerate().map(control).collect()
    }
}

impl Partition {
    /// Takes its rules from `newest`, which others have too, where they come after as many control records
    /// or more; says whether they are the same.
    pub fn share_rules(&mut self, newest: &Rules) -> bool {
        let own = self.rules.applied;
        if newest.applied < own {
            return true;
        }
        let shared = newest.as_of(own);
        let is_same = shared == *self.rules;
        if is_same {
            self.rules = Arc::new(shared);
        }
        is_same
    }

    /// Takes the same rules as [`Rules::retold`]: their control records are counted anew.
    pub fn retell_rules(&mut self, retold: Arc<Rules>) {
        assert_eq!(self.rules.settings, retold.settings, "the same rules");
        assert_eq!(self.rules.names, retold.names, "the same rules");
        self.rules = retold;
    }
}

impl Operator {
    fn as_of(&self, number: u64) -> Self {
        let (id, key_hash) = (self.id.clone(), self.key_hash.clone());
        let mut earlier = Self::new(self.number, id, key_hash, self.events_per_second, self.since);
        let published = self.versions.all();
        for version in published.take_while(|version| version.program.since.control <= number) {
            earlier.publish(version.effective_from, Arc::clone(&version.program));
        }
        for (version, withdrawal) in &self.withdrawals {
            if withdrawal.since.control <= number {
                earlier.withdraw(*version, Arc::clone(withdrawal));
            }
        }
        for key in self.keys.all().filter_map(|key| key.as_of(number)) {
            earlier.changed = earlier.changed.max(key.changed());
            earlier.keys.put(key);
        }
        for (_, pause) in self.pauses.from(1).take_while(|(_, it)| it.since.control <= number) {
            earlier.changed = earlier.changed.max(pause.since.control);
            earlier.pauses.add(Arc::clone(pause));
        }
        for webhook in self.webhooks.all().filter_map(|webhook| webhook.as_of(number)) {
            earlier.changed = earlier.changed.max(webhook.changed().control);
            earlier.webhooks.put(webhook);
        }
        for reward in self.rewards.all().filter_map(|reward| reward.as_of(number)) {
            earlier.changed = earlier.changed.max(reward.changed().control);
            earlier.rewards.put(reward);
        }
        for tournament in self.tournaments.all().filter_map(|it| it.as_of(number)) {
            earlier.changed = earlier.changed.max(tournament.changed().control);
            earlier.tournaments.put(tournament);
        }
        earlier
    }

    fn add_controls(&self, controls: &mut Vec<(Since, Control)>) {
        let operator = || self.id.to_string();
        controls.push((
            self.since,
            Control::Operator {
                operator: operator(),
                key_hash: self.key_hash.to_string(),
                events_per_second: self.events_per_second,
            },
        ));
        for version in self.versions.all() {
            let published = &version.program;
            let zone = published.program.zone.0.iter();
            let control = Control::Publish {
                operator: operator(),
                edited_from: published.edited_from,
                effective_from: version.effective_from.micros(),
                why: published.why.to_string(),
                who: published.who.to_string(),
                published_at: published.published_at.micros(),
                document: published.program.document.to_string(),
                zone: zone.map(|(from, offset)| (from.micros(), *offset)).collect(),
            };
            controls.push((published.since, control));
        }
        for (version, withdrawal) in &self.withdrawals {
            let control = Control::Withdraw {
                operator: operator(),
                version: *version,
                why: withdrawal.why.to_string(),
                who: withdrawal.who.to_string(),
            };
            controls.push((withdrawal.since, control));
        }
        for key in self.keys.all() {
            add_key(key, self.since, controls);
        }
        for (_, pause) in self.pauses.from(1) {
            let Pause { is_paused, why, who, since } = &**pause;
            let (why, who) = (why.to_string(), who.to_string());
            let control = if *is_paused {
                Control::Pause { operator: operator(), why, who }
            } else {
                Control::Resume { operator: operator(), who }
            };
            controls.push((*since, control));
        }
        for said in self.webhooks.all().flat_map(|webhook| webhook.said()) {
            controls.push((said.since, Control::Webhook((*said.terms).clone())));
        }
        for said in self.rewards.all().flat_map(|reward| reward.said()) {
            controls.push((said.since, Control::Reward((*said.terms).clone())));
        }
        for said in self.tournaments.all().flat_map(|tournament| tournament.said()) {
            controls.push((said.since, Control::Tournament((*said.terms).clone())));
        }
    }
}

/// Adds what has made a key; an operator's first comes with it.
fn add_key(key: &Key, operator_since: Since, controls: &mut Vec<(Since, Control)>) {
    let (operator, id) = (&key.terms.operator, &key.terms.id);
    if key.since != operator_since {
        controls.push((key.since, Control::Key((*key.terms).clone())));
    }
    for rotation in &key.rotations {
        let control = Control::RotateKey {
            operator: operator.clone(),
            id: id.clone(),
            rotation: rotation.id.to_string(),
            secret_hash: rotation.secret_hash.to_string(),
            old_until: rotation.old_until.micros(),
            who: rotation.who.to_string(),
        };
        controls.push((rotation.since, control));
    }
    if let Some(Revocation { who, since }) = &key.revoked {
        let (operator, id) = (operator.clone(), id.clone());
        controls.push((*since, Control::RevokeKey { operator, id, who: who.to_string() }));
    }
}
