//! The brokers, their topics, and who may write them.

use accolade_kafka::access;
use accolade_kafka::admin::{Admin, BrokerSettings, Brokers, NotTold, Problem, TopicFound};
use accolade_kafka::config::KafkaConfig;
use accolade_kafka::error::OpenFailed;

use super::clock::{self, Clocks};
use super::{Findings, aside};
use crate::config::Config;

const BROKERS: &str = "brokers";
const TOPICS: &str = "topics";
const ACCESS: &str = "access";

/// Says what kind of node this is; returns how Kafka is reached, where it is one of a cluster and can be.
pub(super) fn configuration(config: &Config, findings: &mut Findings) -> Option<KafkaConfig> {
    const CHECK: &str = "configuration";
    match config.joining() {
        Ok(None) => findings.ok(CHECK, "a node of the embedded form: `cluster.brokers` is not set"),
        Ok(Some(joining)) => {
            let (name, partitions) = (&joining.kafka.node, joining.kafka.partitions);
            findings
                .ok(CHECK, format!("a node of a cluster, `{name}`, of {partitions} partitions"));
            return Some(joining.kafka);
        }
        Err(error) => {
            let mend = "set it in `[cluster]`; `accolade config template` explains every setting";
            findings.error(CHECK, format!("{error:#}"), mend);
        }
    }
    None
}

pub(super) async fn examine(config: Option<KafkaConfig>) -> (Findings, Clocks) {
    let Some(config) = config else { return Default::default() };
    let (findings, ordered) = aside(BROKERS, move |findings| ask(&config, findings)).await;
    (findings, Clocks { ordered: ordered.flatten(), ..Clocks::default() })
}

/// Returns when a record was last ordered, and what the clock was here when it was read.
fn ask(config: &KafkaConfig, findings: &mut Findings) -> Option<(i64, i64)> {
    let asked = Admin::new(config).and_then(|admin| admin.brokers().map(|found| (admin, found)));
    let (admin, brokers) = match asked {
        Ok(asked) => asked,
        Err(error) => {
            findings.error(BROKERS, error.to_string(), mend(config, &error));
            let mend = "run this again once the brokers can be reached";
            findings.warning(TOPICS, "not looked at, nor who may write them", mend);
            return None;
        }
    };
    examine_brokers(config, &brokers, findings);
    let found = admin.inspect();
    let is_there = match &found {
        Ok(found) => {
            examine_topics(config, found, brokers.brokers.len(), findings);
            found
                .iter()
                .any(|topic| topic.name == config.topics.order && topic.partitions.is_some())
        }
        Err(error) => {
            findings.error(TOPICS, error.to_string(), mend(config, error));
            false
        }
    };
    examine_access(config, &brokers, findings);
    if !is_there {
        return None;
    }
    match admin.last_ordered() {
        Ok(ordered) => ordered.map(|ordered| (ordered.micros(), clock::now())),
        Err(error) => {
            findings.error(TOPICS, error.to_string(), mend(config, &error));
            None
        }
    }
}

fn mend(config: &KafkaConfig, error: &OpenFailed) -> String {
    match error {
        OpenFailed::Config(_) => "set it right in `[cluster]`".into(),
        OpenFailed::Unavailable { .. } => {
            "see that the brokers run and that `brokers` in `[cluster]` names them, that a firewall lets \
             this machine through, and that `tls` is set where their listener encrypts"
                .into()
        }
        OpenFailed::Refused { mend, .. } => format!("{mend}, all in `[cluster]`"),
        OpenFailed::NotAllowed { .. } => access::allowing(config).join("\n"),
        OpenFailed::Topics(problems) => {
            problems.iter().map(|problem| mend_topic(config, problem)).collect::<Vec<_>>().join("\n")
        }
    }
}

fn examine_brokers(config: &KafkaConfig, found: &Brokers, findings: &mut Findings) {
    let (count, id) =
        (found.brokers.len(), found.cluster_id.as_deref().unwrap_or("without a name"));
    let each: Vec<_> =
        found.brokers.iter().map(|broker| format!("{} at {}", broker.id, broker.address)).collect();
    findings.ok(BROKERS, format!("{count} of the cluster {id}: {}", each.join(", ")));
    let wanted = usize::from(config.replication);
    if count < wanted {
        findings.error(
            BROKERS,
            format!("{count} brokers, fewer than `cluster.replication`, {wanted}"),
            "start the others; or set `replication` in `[cluster]`, and accept that a lost broker loses data",
        );
    } else if wanted < 3 {
        findings.warning(
            BROKERS,
            format!("`cluster.replication` is {wanted}: the loss of one broker loses data or stops points"),
            "for anything but development have three brokers, and `replication = 3` in `[cluster]`",
        );
    }
    let settings = || found.brokers.iter().map(|broker| (broker.id, &broker.settings));
    for (id, settings) in settings() {
        match settings {
            Ok(BrokerSettings { is_old: true, .. }) => findings.error(
                BROKERS,
                format!("broker {id} is older than Kafka 4"),
                "use Kafka 4 or later: with older ones nothing was ever tried",
            ),
            Err(NotTold::Failed(why)) => findings.warning(
                BROKERS,
                format!("the release and rules of broker {id} are not known: {why}"),
                "run this again",
            ),
            Ok(_) | Err(NotTold::NotAllowed) => {}
        }
    }
    if settings().any(|(_, settings)| *settings == Err(NotTold::NotAllowed)) {
        findings.warning(
            BROKERS,
            "their release and whether they have rules are not known: they do not tell this user",
            access::allowing(config).pop().unwrap_or_default(),
        );
    } else if settings().all(|(_, settings)| matches!(settings, Ok(told) if !told.is_old)) {
        findings.ok(BROKERS, "Kafka 4 or later: none knows a setting that release 4 has removed");
    }
}

fn examine_topics(
    config: &KafkaConfig,
    found: &[TopicFound],
    brokers: usize,
    findings: &mut Findings,
) {
    let (there, missing): (Vec<_>, Vec<_>) =
        found.iter().partition(|topic| topic.partitions.is_some());
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|topic| topic.name.as_str()).collect();
        let names = names.join(", ");
        if brokers < usize::from(config.replication) {
            let mend = "start enough brokers first: see above";
            findings.error(TOPICS, format!("missing, and cannot be made: {names}"), mend);
        } else {
            findings.ok(TOPICS, format!("the first node that starts makes {names}"));
        }
    }
    let mut is_well = true;
    for topic in &there {
        for problem in &topic.problems {
            is_well = false;
            let (found, mend) = (problem.to_string(), mend_topic(config, problem));
            if problem.forbids_start {
                findings.error(TOPICS, found, mend);
            } else {
                findings.warning(TOPICS, found, mend);
            }
        }
        let (name, least) = (&topic.name, usize::from(config.min_in_sync()));
        if topic.without_leader > 0 {
            is_well = false;
            let found =
                format!("`{name}` has {} partitions without a leader", topic.without_leader);
            findings.error(TOPICS, found, "start the brokers that are down");
        } else if topic.in_sync < topic.replication.min(least) {
            is_well = false;
            let found = format!(
                "`{name}` has partitions of which only {} copies are up to date",
                topic.in_sync
            );
            findings.error(TOPICS, found, "start the brokers that are down: it cannot be written");
        }
    }
    if is_well && !there.is_empty() {
        let (count, partitions) = (there.len(), config.partitions);
        findings.ok(
            TOPICS,
            format!("{count} are as they must be: {partitions} partitions, copies, retention, compaction"),
        );
    }
}

fn mend_topic(config: &KafkaConfig, problem: &Problem) -> String {
    let Problem { topic, what, expected, found, .. } = problem;
    let brokers = &config.brokers;
    match what.as_str() {
        "partitions" => format!(
            "before the first start set `partitions` in `[node]` to {found}, or remove the topic and let a \
             node make it; later neither can be changed"
        ),
        "replication" => format!(
            "kafka-reassign-partitions.sh --bootstrap-server {brokers}: {expected} copies of each partition \
             of {topic}"
        ),
        setting => format!(
            "kafka-configs.sh --bootstrap-server {brokers} --alter --entity-type topics --entity-name \
             {topic} --add-config {setting}={expected}"
        ),
    }
}

/// Whether somebody else may write what is Accolade's alone. The client cannot ask for the rules, so
/// whoever runs this has to look at them.
fn examine_access(config: &KafkaConfig, brokers: &Brokers, findings: &mut Findings) {
    let told: Vec<_> =
        brokers.brokers.iter().filter_map(|broker| broker.settings.as_ref().ok()).collect();
    let commands = access::allowing(config).join("\n");
    let begin = "set `authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer` on all \
                 brokers, name their users, and give this node its rights:";
    if told.iter().any(|settings| settings.authorizer.is_none()) {
        let found = "the brokers have no rules: whoever reaches them may write accolade.*";
        findings.warning(ACCESS, found, format!("{begin}\n{commands}"));
        return;
    }
    if told.iter().any(|settings| settings.allows_what_has_no_rule) {
        let found = "the brokers allow everybody what no rule names";
        let mend = "set `allow.everyone.if.no.acl.found=false` on all brokers";
        findings.warning(
            ACCESS,
            found,
            format!("{mend}, and give this node its rights:\n{commands}"),
        );
    }
    findings.warning(
        ACCESS,
        format!(
            "who else may write accolade.* cannot be asked: this node is {}",
            config.principal()
        ),
        format!(
            "see that no other user may write:\n{}\nwhat this node needs:\n{commands}",
            access::showing(config)
        ),
    );
}
