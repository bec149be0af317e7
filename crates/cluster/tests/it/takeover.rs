use std::ops::Bound;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use accolade_cluster::{ClusterNode, ClusterOptions};
use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_engine::behaviour::{self, Behaviour};
use accolade_engine::contract;
use accolade_engine::contract::faulty::CHANGED_AT_20;
use accolade_engine::contract::gifts::{self, GIFTS};
use accolade_engine::intake::Caller;
use accolade_engine::ordered::Owner;
use accolade_engine::ownership::{Counted, Cursor};
use accolade_storage::backing::NodeStore;
use accolade_storage::host::{Host, Outcomes};
use accolade_wire::control::{Command, Control};
use accolade_wire::identity::{IdKind, partition_of};
use accolade_wire::order::{Claim, Order, SourceTopic};
use accolade_wire::record::{Kind, Record, Source};

use crate::harness::{Cluster, Heard, now, submit, traced, until, wager, wager_body};

/// Wagers of ten units each for `players` players, through one node; each is repeated where nobody
/// answered.
fn play(cluster: &Cluster, node: &ClusterNode, round: &str, players: usize) {
    let heard: Vec<_> = (0..players)
        .map(|player| wager(node, &format!("{round}-{player}"), &name(player), "10.00"))
        .collect();
    for (player, heard) in heard.iter().enumerate() {
        assert!(
            heard.is_durable(),
            "wager {round} of player {player} of {}",
            cluster.folder.path().display()
        );
    }
}

fn name(player: usize) -> String {
    format!("player-{player}")
}

fn all_have(cluster: &Cluster, players: usize, points: i64) {
    for player in 0..players {
        cluster.expect_balance(&name(player), points);
    }
}

/// A cluster of one node, with a wager of each player that has counted.
fn played(partitions: u16, players: usize) -> (Cluster, Arc<ClusterNode>) {
    let cluster = Cluster::new(partitions);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", players);
    all_have(&cluster, players, 1);
    (cluster, one)
}

/// Every partition's order, read as a newcomer does, has batches without a gap, and each range of a
/// source exactly once.
fn orders_are_sound(cluster: &Cluster, partitions: u16) {
    for partition in 0..partitions {
        let mut cursor = Cursor::start(0);
        let mut batches = 0;
        for (offset, bytes) in (0..).zip(cluster.brokers.orders(partition)) {
            let counted = cursor.pass(offset, &Order::read(&bytes).unwrap()).unwrap();
            batches += u64::from(counted == Counted::Batch);
        }
        assert_eq!(cursor.next_batch, batches + 1, "partition {partition}");
    }
}

#[test]
fn an_intake_over_a_log_that_orders_later_keeps_the_contract() {
    let cluster = Cluster::new(4);
    let node = cluster.start("one");
    contract::intake::check(&*node);
    let log = cluster.log("one");
    contract::intake::check_failing(&*node, &|failing| log.fail_intake(failing));
}

#[test]
fn whoever_takes_a_wager_in_tells_what_became_of_it_wherever_it_is_folded() {
    let cluster = Cluster::new(4);
    let (one, two) = (cluster.start("one"), cluster.start("two"));
    cluster.open_house();
    for (number, node) in (0..).zip([one, two]) {
        for player in 0..20 {
            let heard = wager(&node, &format!("w-{number}-{player}"), &name(player), "10.00");
            let (outcome, balance) = heard.outcome().expect("the outcome is heard");
            assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
            assert_eq!(balance, Points::from_hundredths(100 * (number + 1)));
        }
    }
    orders_are_sound(&cluster, 4);
}

#[test]
fn a_trace_goes_with_its_record_into_the_log() {
    let cluster = Cluster::new(1);
    let one = cluster.start("one");
    cluster.open_house();
    let heard = traced(&one, &wager_body("w1", "anna", "10.00"), "00-trace-1");
    let untraced = wager(&one, "w2", "anna", "10.00");
    cluster.expect_balance("anna", 2);
    assert_eq!(cluster.brokers.traces(), ["00-trace-1"]);
    assert_eq!((heard.records_committed(), untraced.records_committed()), (1, 0));
}

#[test]
fn a_node_that_dies_is_followed_by_another_and_nothing_is_lost_or_counted_twice() {
    let cluster = Cluster::new(4);
    let one = cluster.start("one");
    cluster.open_house();
    let two = cluster.start("two");
    play(&cluster, &one, "a", 50);
    cluster.kill("one");
    play(&cluster, &two, "b", 50);
    all_have(&cluster, 50, 2);
    let one = cluster.start("one");
    play(&cluster, &one, "c", 50);
    cluster.kill("two");
    all_have(&cluster, 50, 3);
    orders_are_sound(&cluster, 4);
}

#[test]
fn a_node_whose_disk_is_lost_brings_everything_back_from_object_storage() {
    let (cluster, one) = played(4, 50);
    cluster.leave_to_checkpoints(&one, || play(&cluster, &one, "b", 50));
    cluster.kill("one");
    cluster.lose_disk("one");
    let one = cluster.start("one");
    all_have(&cluster, 50, 2);
    play(&cluster, &one, "a", 50);
    play(&cluster, &one, "c", 50);
    all_have(&cluster, 50, 3);
    orders_are_sound(&cluster, 4);
}

#[test]
fn a_node_that_stops_hands_over_and_one_that_keeps_its_disk_fetches_nothing() {
    let (cluster, _one) = played(4, 50);
    cluster.stop("one");
    cluster.objects.gets.store(0, Ordering::SeqCst);
    let _one = cluster.start("one");
    all_have(&cluster, 50, 1);
    assert_eq!(cluster.objects.gets.load(Ordering::SeqCst), 0, "nothing is fetched");
    orders_are_sound(&cluster, 4);
}

#[test]
fn a_node_that_was_frozen_orders_nothing_more_and_serves_no_old_balance() {
    let cluster = Cluster::new(4);
    let (one, two) = (cluster.start("one"), cluster.start("two"));
    cluster.open_house();
    play(&cluster, &one, "a", 50);
    all_have(&cluster, 50, 1);
    // Cut off, the node is taken for dead; it still believes that it owns what it owned.
    cluster.log("one").cut(true);
    cluster.brokers.expire("one");
    play(&cluster, &two, "b", 50);
    all_have(&cluster, 50, 2);
    until("the end of reads, with the lease", || {
        let served: Vec<_> =
            (0..4).filter(|partition| one.read(*partition, &mut |_| ()).is_ok()).collect();
        if served.is_empty() { Ok(()) } else { Err(served) }
    });
    cluster.log("one").cut(false);
    cluster.brokers.join("one");
    play(&cluster, &one, "c", 50);
    all_have(&cluster, 50, 3);
    orders_are_sound(&cluster, 4);
}

#[test]
fn acknowledgements_that_are_lost_lead_to_a_new_claim_and_to_no_second_count() {
    let cluster = Cluster::new(2);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 30);
    let claims = || [0, 1].map(|partition| cluster.brokers.claims(partition));
    let before = claims();
    cluster.log("one").lose_acknowledgements(true);
    play(&cluster, &one, "b", 30);
    until("a new claim of every partition", || {
        let now = claims();
        if now[0] > before[0] && now[1] > before[1] { Ok(()) } else { Err((before, now)) }
    });
    cluster.log("one").lose_acknowledgements(false);
    play(&cluster, &one, "c", 30);
    all_have(&cluster, 30, 3);
    orders_are_sound(&cluster, 2);
}

#[test]
fn an_order_that_retention_has_cut_is_refused_and_never_begun_anew() {
    let (cluster, _one) = played(1, 10);
    cluster.kill("one");
    cluster.lose_disk("one");
    std::fs::remove_dir_all(cluster.folder.path().join("objects")).unwrap();
    cluster.brokers.cut_order(0, 3);
    let one = cluster.start("one");
    let why = why_standing(&one, 0);
    assert!(why.contains("object") || why.contains("order"), "{why}");
    assert!(one.read(0, &mut |_| ()).is_err());
}

/// Waits until the node says why it does not have a partition.
fn why_standing(node: &ClusterNode, partition: u16) -> String {
    until("what the partition says, why it is not taken", || {
        let mut standing = node.status().standing.into_iter();
        standing
            .find(|(place, _)| place.partition == partition)
            .map(|(_, why)| why)
            .ok_or("nothing")
    })
}

#[test]
fn records_that_are_delivered_again_count_once() {
    let cluster = Cluster::new(2);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 30);
    for partition in 0..2 {
        cluster.brokers.repeat(SourceTopic::Wagers, partition);
    }
    play(&cluster, &one, "b", 30);
    all_have(&cluster, 30, 2);
    orders_are_sound(&cluster, 2);
}

#[test]
fn what_a_rule_sends_to_a_partition_of_another_node_is_taken_in_there_once() {
    let cluster = Cluster::new(2);
    let one = cluster.start_with("one", |options| options.behaviours = GIFTS);
    cluster.start_with("two", |options| options.behaviours = GIFTS);
    cluster.open_house();
    let from = partition_of("anna", 2);
    let other = (0..100).map(name).find(|name| partition_of(name, 2) != from).unwrap();
    let gift = gifts::event("gift", "e1", "anna", &other, now());
    for _ in 0..3 {
        assert!(submit(&one, Some(from), Kind::GameEvent, gift.as_bytes()).is_durable());
    }
    cluster.expect_balance(&other, 1);
    for partition in 0..2 {
        cluster.brokers.repeat(SourceTopic::Commands, partition);
    }
    for player in ["anna", &other] {
        assert!(wager(&one, "w", player, "10.00").is_durable());
    }
    cluster.expect_balance("anna", 1);
    cluster.expect_balance(&other, 2);
    cluster.expect_all_sent(from);
}

#[test]
fn a_record_under_a_wrong_key_is_a_dead_letter_until_it_is_released() {
    let cluster = Cluster::new(2);
    let one = cluster.start("one");
    cluster.open_house();
    let partition = partition_of("anna", 2);
    let astray = 1 - partition;
    // Whatever it says of itself: whoever produces it can write that.
    let sources = [Source::Kafka, Source::Http, Source::File, Source::Released];
    for source in sources {
        let body = wager_body(&format!("w-{}", source.code()), "anna", "10.00");
        let (kind, body) = (Kind::Wager, body.as_bytes());
        let (operator, received_at, origin) = ("house", now(), None);
        let mut bytes = Vec::new();
        Record { kind, source, operator, received_at, origin, body }.write(&mut bytes);
        cluster.brokers.add(SourceTopic::Wagers, astray, bytes);
    }
    let letters = until("all of them as dead letters", || {
        let mut excerpt = None;
        let read = one.read(astray, &mut |partition| {
            let letters = &partition.tables().dead_letters;
            excerpt = Some(letters.excerpt(Bound::Unbounded, usize::MAX));
        });
        let mut letters = Vec::new();
        if let Some(excerpt) = excerpt {
            let mut store = NodeStore::new(one.backing(astray).unwrap());
            let found = excerpt.read(astray, &mut store).unwrap();
            letters.extend(found.rows.into_iter().map(|(place, _)| place));
        }
        if read.is_ok() && letters.len() == sources.len() { Ok(letters) } else { Err(letters) }
    });
    for (number, place) in (0..).zip(letters) {
        let reason = one.backing(astray).unwrap().recorded(place, |found| found.outcome.clone());
        let reason = reason.unwrap().unwrap();
        assert!(
            matches!(&reason, Outcome::DeadLetter { reason, .. } if *reason == DeadReason::WrongPartition),
            "{reason:?}"
        );
        let dead_letter = (place.batch, place.slot);
        let release = Command::Release { id: format!("c{number}"), dead_letter };
        let body = serde_json::to_vec(&release).unwrap();
        let heard = submit(&one, Some(astray), Kind::Command, &body);
        assert!(heard.outcome().is_some());
        cluster.expect_balance("anna", number + 1);
    }
}

#[test]
fn a_source_that_is_made_anew_stops_its_partition_and_no_other() {
    let (cluster, one) = played(2, 30);
    cluster.brokers.make_anew(SourceTopic::Wagers, 0);
    assert!(why_standing(&one, 0).contains("made anew"));
    assert!(one.read(0, &mut |_| ()).is_err());
    assert!(one.read(1, &mut |_| ()).is_ok());
}

#[test]
fn a_source_whose_records_are_others_is_not_folded() {
    let (cluster, _one) = played(1, 30);
    cluster.kill("one");
    cluster.lose_disk("one");
    std::fs::remove_dir_all(cluster.folder.path().join("objects")).unwrap();
    // As many records as before, in another order.
    let mut records = cluster.brokers.source(SourceTopic::Wagers, 0);
    records.reverse();
    cluster.brokers.replace(SourceTopic::Wagers, 0, records);
    let one = cluster.start("one");
    let why = why_standing(&one, 0);
    assert!(why.contains("was the topic made anew, or compacted?"), "{why}");
}

#[test]
fn what_retention_removed_before_it_was_read_is_not_passed_over() {
    let (cluster, _one) = played(1, 30);
    cluster.kill("one");
    cluster.brokers.repeat(SourceTopic::Wagers, 0);
    let count = cluster.brokers.source(SourceTopic::Wagers, 0).len();
    cluster.brokers.expire_source(SourceTopic::Wagers, 0, count);
    let one = cluster.start("one");
    let why = why_standing(&one, 0);
    assert!(why.contains("and not"), "{why}");
    assert!(one.read(0, &mut |_| ()).is_err());
}

#[test]
fn an_order_that_lost_its_end_is_refused_and_not_filled_up() {
    let (cluster, _one) = played(1, 30);
    cluster.stop("one");
    cluster.brokers.shorten_order(0, 2);
    let one = cluster.start("one");
    let why = why_standing(&one, 0);
    assert!(why.contains("was made anew, or lost its end"), "{why}");
    assert!(cluster.brokers.orders(0).len() < 5, "nobody claims it again and again");
}

#[test]
fn a_partition_stands_where_the_fold_fails_takes_in_what_comes_and_goes_on_once_that_is_skipped() {
    let cluster = Cluster::new(2);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 30);
    let (stuck, other) = (partition_of("player-0", 2), 1 - partition_of("player-0", 2));
    wager(&one, "bad", "player-0", "13.00");
    assert!(why_standing(&one, stuck).contains("a stake of 13"));
    let waiting = wager(&one, "later", "player-0", "10.00");
    assert!(waiting.is_durable());
    assert!(one.read(other, &mut |_| ()).is_ok(), "the other goes on");
    let place = one.status().standing[0].0;
    let (partition, batch, slot) = (place.partition, place.batch, place.slot);
    let skip = Control::Skip { partition, batch, slot, who: "test".into() };
    submit(&one, None, Kind::Control, &serde_json::to_vec(&skip).unwrap());
    cluster.expect_balance("player-0", 2);
    assert_eq!(one.status().standing, []);
    orders_are_sound(&cluster, 2);
}

/// Stops shipping, and makes a batch of two wagers come after the last checkpoint of `one`.
fn with_a_batch_that_is_not_shipped(behaviours: &'static [Behaviour]) -> (Cluster, String) {
    let cluster = Cluster::new(1);
    let one = cluster.start_with("one", |options| {
        options.behaviours = behaviours;
        options.checkpoint_every = Duration::from_hours(1);
    });
    cluster.open_house();
    for (id, stake) in [("w1", "10.00"), ("w2", "20.00"), ("w3", "10.00")] {
        assert!(wager(&one, id, "anna", stake).outcome().is_some());
    }
    let balance = format!("{:?}", cluster.balance("anna"));
    cluster.kill("one");
    (cluster, balance)
}

#[test]
fn what_is_folded_again_by_another_rule_stands_and_goes_on_with_the_first_one() {
    for (first, second) in [(behaviour::KNOWN, CHANGED_AT_20), (CHANGED_AT_20, behaviour::KNOWN)] {
        let (cluster, balance) = with_a_batch_that_is_not_shipped(first);
        let one = cluster.start_with("one", |options| options.behaviours = second);
        let why = why_standing(&one, 0);
        assert!(why.starts_with("the outcome is `"), "{why}");
        assert!(why.contains("is not what the journal holds"), "{why}");
        assert!(one.read(0, &mut |_| ()).is_err());
        cluster.stop("one");
        let one = cluster.start_with("one", |options| options.behaviours = first);
        assert_eq!(format!("{:?}", cluster.balance("anna")), balance);
        assert_eq!(one.status().standing, []);
        orders_are_sound(&cluster, 1);
    }
}

#[test]
fn what_was_skipped_stays_so_where_another_node_would_not_fail() {
    let cluster = Cluster::new(1);
    let slow = |options: &mut ClusterOptions| {
        options.checkpoint_every = Duration::from_hours(1);
    };
    let one = cluster.start_with("one", slow);
    cluster.open_house();
    wager(&one, "bad", "anna", "13.00");
    assert!(why_standing(&one, 0).contains("a stake of 13"));
    let place = one.status().standing[0].0;
    let (partition, batch, slot) = (place.partition, place.batch, place.slot);
    let skip = Control::Skip { partition, batch, slot, who: "test".into() };
    submit(&one, None, Kind::Control, &serde_json::to_vec(&skip).unwrap());
    assert!(wager(&one, "later", "anna", "10.00").is_durable());
    cluster.expect_balance("anna", 1);
    cluster.kill("one");
    // Nothing of it is left but the order and the records.
    cluster.lose_disk("one");
    let two = cluster.start_with("two", |options| {
        slow(options);
        options.behaviours = behaviour::KNOWN;
    });
    cluster.expect_balance("anna", 1);
    assert_eq!(two.status().standing, []);
    orders_are_sound(&cluster, 1);
}

#[test]
fn points_go_on_while_object_storage_is_away() {
    let cluster = Cluster::new(4);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 50);
    cluster.objects.is_away.store(true, Ordering::SeqCst);
    until("a checkpoint that cannot be shipped", || {
        if cluster.objects.refusals.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err("none") }
    });
    play(&cluster, &one, "b", 50);
    all_have(&cluster, 50, 2);
    cluster.objects.is_away.store(false, Ordering::SeqCst);
    // It ships again, also what came meanwhile.
    cluster.leave_to_checkpoints(&one, || play(&cluster, &one, "c", 50));
    cluster.kill("one");
    cluster.lose_disk("one");
    let _one = cluster.start("one");
    all_have(&cluster, 50, 3);
    orders_are_sound(&cluster, 4);
}

#[test]
fn a_partition_that_cannot_be_written_keeps_no_other_from_going_on() {
    let cluster = Cluster::new(2);
    let one = cluster.start_with("one", |options| options.inbox_bytes_max = 64 << 10);
    cluster.open_house();
    play(&cluster, &one, "a", 30);
    all_have(&cluster, 30, 1);
    let stuck = partition_of("player-0", 2);
    let other = (0..30).map(name).find(|player| partition_of(player, 2) != stuck).unwrap();
    cluster.log("one").make_unwritable(stuck);
    // More than may wait of all partitions together, in two parts: the first fills the node.
    let fill = |round: &str| {
        for number in 0..600 {
            let id = format!("{round}-{number}");
            assert!(wager(&one, &id, "player-0", "10.00").is_durable());
        }
        let heard = wager(&one, round, &other, "10.00");
        assert!(heard.outcome().is_some(), "what goes elsewhere is folded");
    };
    fill("b");
    fill("c");
    let waits = one.status().lag_bytes;
    assert!(waits < 512 << 10, "{waits} bytes wait: what waits has bounds");
    cluster.log("one").make_writable();
    cluster.expect_balance("player-0", 1_201);
    cluster.expect_balance(&other, 3);
    orders_are_sound(&cluster, 2);
}

#[test]
fn whoever_waits_for_a_record_that_never_comes_is_let_go() {
    let cluster = Cluster::new(1);
    let one = cluster.start_with("one", |options| options.patience = Duration::from_millis(200));
    cluster.open_house();
    let heard = Arc::new(Heard::default());
    let ask = || {
        let caller = Arc::clone(&heard) as Arc<dyn Caller>;
        one.outcomes(0, SourceTopic::Wagers, &[1 << 40], caller)
    };
    until("the partition, here", ask);
    until("the end of the caller's wait", || match Arc::strong_count(&heard) {
        1 => Ok(()),
        held => Err(held),
    });
}

#[test]
fn an_epoch_that_no_owner_can_have_keeps_nobody_from_claiming() {
    let cluster = Cluster::new(1);
    let (node, address) = ("nobody".to_owned(), "http://nobody".to_owned());
    let checkpoint = String::new();
    for epoch in [u64::MAX, 1 << 40] {
        let owner = Owner {
            partition: 0,
            epoch,
            node: node.clone(),
            address: address.clone(),
            checkpoint: "nowhere".into(),
        };
        cluster.brokers.announce(owner);
    }
    let claim = Claim { epoch: u64::MAX, next_batch: 1, sources: [0; 4], node, checkpoint };
    cluster.brokers.append(0, &Order::Claim(claim));
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 10);
    all_have(&cluster, 10, 1);
    cluster.kill("one");
    let one = cluster.start("one");
    play(&cluster, &one, "b", 10);
    all_have(&cluster, 10, 2);
    assert_eq!(one.failure(), None);
    orders_are_sound(&cluster, 1);
}

#[test]
fn a_node_that_is_cut_off_proves_nothing_any_more_and_says_so() {
    let cluster = Cluster::new(4);
    let (one, two) = (cluster.start("one"), cluster.start("two"));
    cluster.open_house();
    play(&cluster, &one, "a", 50);
    all_have(&cluster, 50, 1);
    let own = one.status().partitions_here;
    assert!(!own.is_empty());
    assert_eq!(one.are_here(&own), Ok(()));
    assert!(one.knows_rules() && !one.status().cut_off);
    // As before it notices anything, others have its partitions, and count what it does not hear of.
    cluster.log("one").cut(true);
    cluster.brokers.expire("one");
    play(&cluster, &two, "b", 50);
    all_have(&cluster, 50, 2);
    let proven = || (one.are_here(&own).is_ok(), one.knows_rules(), one.status().cut_off);
    until("the end of what is proven, with the lease", || match proven() {
        (false, false, true) => Ok(()),
        proven => Err(proven),
    });
    let unheard = (0..50).find(|player| own.contains(&partition_of(&name(*player), 4))).unwrap();
    let found = one.with_id("house", IdKind::Wager, &format!("b-{unheard}")).unwrap();
    assert!(found.is_empty(), "it never heard of it");
    cluster.log("one").cut(false);
    cluster.brokers.join("one");
    until("rules that are proven again", || match proven() {
        (_, true, false) => Ok(()),
        proven => Err(proven),
    });
    all_have(&cluster, 50, 2);
}

#[test]
fn a_node_says_how_it_is_while_a_partition_is_at_work() {
    let (_cluster, one) = played(1, 3);
    let mut told = None;
    let at_work = one.read(0, &mut |_| {
        let (tell, hears) = mpsc::channel();
        let node = Arc::clone(&one);
        let asks = move || tell.send((node.status().players, node.whereabouts(0)));
        std::thread::spawn(asks);
        told = hears.recv_timeout(Duration::from_secs(30)).ok();
    });
    assert_eq!((at_work, told), (Ok(()), Some((3, Ok(())))));
}

#[test]
fn a_node_none_of_whose_partitions_can_be_written_says_so() {
    let cluster = Cluster::new(1);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 10);
    all_have(&cluster, 10, 1);
    cluster.log("one").make_unwritable(0);
    wager(&one, "b", "player-0", "10.00");
    let is_cut_off = |is_so| match one.status() {
        status if status.cut_off == is_so => Ok(()),
        status => Err(Box::new(status)),
    };
    until("the end of what is proven, with the lease", || is_cut_off(true));
    cluster.log("one").make_writable();
    until("a node that proves things again", || is_cut_off(false));
    cluster.expect_balance("player-0", 2);
}

#[test]
fn a_partition_is_read_without_a_proof_by_whoever_asks_for_that_afterwards() {
    let (cluster, one) = played(1, 3);
    cluster.log("one").make_unwritable(0);
    until("the end of what is proven, with the lease", || match one.read(0, &mut |_| ()) {
        Err(_) => Ok(()),
        Ok(()) => Err("it is read"),
    });
    let mut players = 0;
    let read = one.read_unproven(0, &mut |partition| players = partition.players().all().len());
    assert_eq!((read, players), (Ok(()), 3));
    assert!(one.are_here(&[0]).is_err());
    cluster.log("one").make_writable();
    until("a proof", || one.are_here(&[0]));
}

#[test]
fn a_partition_has_changed_before_anybody_is_told_of_it_and_not_while_nothing_happens() {
    let (_cluster, one) = played(1, 3);
    let count = || one.changes(0).ok_or("it changes");
    for round in 0..20 {
        let before = until("a moment without a change", count);
        let heard = wager(&one, &format!("more-{round}"), "player-0", "10.00");
        heard.outcome().expect("the outcome is heard");
        assert_ne!(one.changes(0), Some(before), "round {round}");
    }
    until("a while without a change", || {
        let before = one.changes(0);
        std::thread::sleep(Duration::from_millis(50));
        let after = one.changes(0);
        if before.is_some() && before == after { Ok(()) } else { Err((before, after)) }
    });
}
