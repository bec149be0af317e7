//! Topics are made as they must be, and a node refuses to start with others.

use accolade_kafka::admin::{Admin, Problem};
use accolade_kafka::error::OpenFailed;
use accolade_kafka::log::KafkaLog;
use accolade_wire::order::SourceTopic;
use rdkafka::admin::{AlterConfig, ResourceSpecifier};

use crate::harness::{Cluster, TRIES, block_on, options};

fn problems(cluster: &Cluster) -> Vec<Problem> {
    let config = cluster.config("doctor");
    let found = Admin::new(&config).unwrap().inspect().unwrap();
    found.into_iter().flat_map(|topic| topic.problems).collect()
}

fn forbidding(cluster: &Cluster, partitions: u16) -> Vec<Problem> {
    let mut config = cluster.config("first");
    config.partitions = partitions;
    match KafkaLog::open(config) {
        Err(OpenFailed::Topics(problems)) => problems,
        other => panic!("it should refuse: {other:?}"),
    }
}

/// Gives a topic these settings; of all others it has the brokers' own.
fn set(topic: &str, settings: &[(&str, &str)]) {
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic));
    let change = settings.iter().fold(change, |change, (key, value)| change.set(key, value));
    let changed = block_on(Cluster::admin().alter_configs(&[change], &options())).unwrap();
    changed[0].as_ref().unwrap();
    // Brokers hear of it a moment later.
    let seen = (0..TRIES).any(|_| {
        let topic = [ResourceSpecifier::Topic(topic)];
        let found = block_on(Cluster::admin().describe_configs(&topic, &options())).unwrap();
        let found = found[0].as_ref().unwrap();
        let is_so = |key, value| found.get(key).unwrap().value.as_deref() == Some(value);
        settings.iter().all(|(key, value)| is_so(key, *value))
    });
    assert!(seen, "`{topic}` should have {settings:?}");
}

#[test]
fn missing_topics_are_made_once_and_nothing_is_wrong_with_them() {
    let cluster = Cluster::empty(2);
    let missing = forbidding(&cluster, 2);
    assert_eq!(missing.len(), 16);
    let config = cluster.config("first");
    let admin = Admin::new(&config).unwrap();
    let made = admin.create_missing().unwrap();
    assert_eq!(made.len(), 16);
    assert_eq!(admin.create_missing().unwrap(), Vec::<String>::new());
    assert_eq!(problems(&cluster), []);
    let found = admin.inspect().unwrap();
    let settings = |name: &str| {
        let found = found.iter().find(|topic| topic.name == name).unwrap();
        let settings = found.settings.iter().map(|(key, value)| format!("{key}={value}"));
        (found.partitions.unwrap(), settings.collect::<Vec<_>>())
    };
    let always = ["min.insync.replicas=1", "unclean.leader.election.enable=false"];
    let order = [
        "cleanup.policy=delete",
        "message.timestamp.type=LogAppendTime",
        always[0],
        "retention.bytes=-1",
        "retention.ms=691200000",
        always[1],
    ];
    assert_eq!(settings(&config.topics.order), (2, order.map(str::to_owned).to_vec()));
    let control =
        ["cleanup.policy=delete", always[0], "retention.bytes=-1", "retention.ms=-1", always[1]];
    assert_eq!(settings(&config.topics.control), (1, control.map(str::to_owned).to_vec()));
    let owners = ["cleanup.policy=compact", always[0], always[1]];
    assert_eq!(settings(&config.topics.owners), (1, owners.map(str::to_owned).to_vec()));
    KafkaLog::open(config).unwrap();
}

#[test]
fn a_node_refuses_another_count_of_partitions() {
    let cluster = Cluster::new(2);
    let problems = forbidding(&cluster, 3);
    // All but control and owners, which have one.
    assert_eq!(problems.len(), 14);
    for problem in problems {
        let Problem { what, expected, found, .. } = &problem;
        assert_eq!((what.as_str(), expected.as_str(), found.as_str()), ("partitions", "3", "2"));
    }
}

#[test]
fn a_node_refuses_holes_in_what_it_reads_again() {
    let cluster = Cluster::new(2);
    let topics = cluster.config("first").topics;
    for topic in [&topics.order, &topics.wagers.topic] {
        set(topic, &[("cleanup.policy", "compact,delete")]);
    }
    let problems = forbidding(&cluster, 2);
    let named = problems.iter().filter(|problem| problem.what == "cleanup.policy");
    let mut named: Vec<_> = named.map(|problem| problem.topic.as_str()).collect();
    named.sort_unstable();
    let mut expected = [topics.order.as_str(), topics.wagers.topic.as_str()];
    expected.sort_unstable();
    assert_eq!(named, expected);
}

#[test]
fn a_node_refuses_topics_from_which_what_was_acknowledged_could_vanish() {
    let cluster = Cluster::new(2);
    let mut config = cluster.config("first");
    let topics = config.topics.clone();
    let unclean = ("unclean.leader.election.enable", "true");
    let rested_on = SourceTopic::ALL.map(|source| topics.source(source));
    let rested_on: Vec<_> = rested_on.into_iter().chain([topics.order.as_str()]).collect();
    for topic in rested_on.iter().copied().chain([topics.owners.as_str()]) {
        set(topic, &[unclean, ("message.timestamp.type", "CreateTime")]);
    }
    let refused: Vec<_> = forbidding(&cluster, 2).iter().map(ToString::to_string).collect();
    let mut expected: Vec<_> = rested_on
        .iter()
        .map(|topic| format!("`{topic}` has unclean.leader.election.enable true, and needs false"))
        .collect();
    let order = &topics.order;
    expected
        .push(format!("`{order}` has message.timestamp.type CreateTime, and needs LogAppendTime"));
    assert_eq!(in_order(refused), in_order(expected));

    for topic in &rested_on {
        set(topic, &[("message.timestamp.type", "LogAppendTime")]);
    }
    KafkaLog::open(config.clone()).unwrap();
    // The same topics where three copies are wanted, of which two must have what is acknowledged.
    config.replication = 3;
    let Err(refused @ OpenFailed::Topics(_)) = KafkaLog::open(config) else {
        panic!("one copy is enough")
    };
    let said = refused.to_string();
    for topic in rested_on {
        for (what, expected) in [("replication", 3), ("min.insync.replicas", 2)] {
            let problem = format!("`{topic}` has {what} 1, and needs {expected}");
            assert!(said.contains(&problem), "{problem}: {said}");
        }
    }
    assert!(!said.contains(&topics.owners), "it is a hint: {said}");
}

fn in_order(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

#[test]
fn what_is_only_unwise_is_told_and_does_not_forbid_a_start() {
    let cluster = Cluster::new(2);
    let control = cluster.config("first").topics.control;
    set(&control, &[("retention.ms", "1000")]);
    let problems = problems(&cluster);
    let told = problems.iter().find(|problem| problem.what == "retention.ms").unwrap();
    assert!(!told.forbids_start);
    assert_eq!(told.to_string(), format!("`{control}` has retention.ms 1000, and needs -1"));
    cluster.node("first");
}
