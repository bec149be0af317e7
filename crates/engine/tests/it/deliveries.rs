//! How far webhooks were told: where that begins and ends, and who may say so.

use accolade_domain::outcome::{Declined, Outcome};
use accolade_engine::tables::deliveries::{REMEMBERED_BYTES_MAX, Told, WebhookKey};
use accolade_wire::control::{Command, Control, SealedSecret, WebhookTerms};

use crate::play::Play;

const KEY: WebhookKey = WebhookKey { operator: 1, webhook: 1 };

fn say(play: &mut Play, edited_from: u32, deleted: bool) {
    play.control(&Control::Webhook(WebhookTerms {
        operator: "house".into(),
        id: "hook".into(),
        edited_from,
        url: "https://example.com/".into(),
        description: String::new(),
        events: Vec::new(),
        secrets: vec![SealedSecret { id: "s".into(), sealed: "sealed".into(), until: None }],
        disabled: None,
        deleted,
        who: "who".into(),
    }));
}

fn tell(play: &mut Play, revision: u64, next: u64, remembered: &str) -> Outcome {
    let remembered = remembered.to_owned();
    play.command(&Command::Told { webhook: 1, revision, next, remembered });
    play.outcomes.last().unwrap().clone()
}

fn told(play: &Play) -> Option<&Told> {
    play.partition.tables().deliveries.get(&KEY)
}

#[test]
fn a_webhook_is_told_from_its_batch_on_until_it_is_deleted() {
    let mut play = Play::new();
    assert_eq!(tell(&mut play, 1, 9, ""), Outcome::Declined { why: Declined::Stale });
    let begins = play.partition.next_batch();
    say(&mut play, 0, false);
    assert_eq!(told(&play), Some(&Told::from(begins)));
    assert_eq!(tell(&mut play, 1, 9, "a"), Outcome::Done { made: 0 });
    say(&mut play, 1, false);
    let expected = Told { revision: 1, next: 9, remembered: "a".into() };
    assert_eq!(told(&play), Some(&expected), "a change begins nothing anew");
    say(&mut play, 2, true);
    assert_eq!(told(&play), None);
    assert_eq!(tell(&mut play, 2, 10, ""), Outcome::Declined { why: Declined::Stale });
}

#[test]
fn whoever_said_how_far_before_somebody_else_did_is_not_heard() {
    let mut play = Play::new();
    say(&mut play, 0, false);
    assert_eq!(tell(&mut play, 1, 9, "a"), Outcome::Done { made: 0 });
    for revision in [0, 1, 3] {
        let late = tell(&mut play, revision, 5, "b");
        assert_eq!(late, Outcome::Declined { why: Declined::Stale }, "{revision}");
    }
    let long = "x".repeat(REMEMBERED_BYTES_MAX + 1);
    assert_eq!(tell(&mut play, 2, 9, &long), Outcome::Declined { why: Declined::Malformed });
    assert_eq!(tell(&mut play, 2, 12, ""), Outcome::Done { made: 0 });
    assert_eq!(told(&play).map(|told| told.next), Some(12));
}
