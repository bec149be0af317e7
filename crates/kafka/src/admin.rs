//! Makes the topics, and compares those that are there with what they must be.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_wire::order::SourceTopic;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::RDKafkaRespErr;

use crate::asking::Asking;
use crate::clients::{self, ANSWER_PATIENCE, Reports};
use crate::config::{KafkaConfig, OutputTopic};
use crate::error::{OpenFailed, failed, is_not_allowed};

/// Between two looks for topics that were made.
const LOOK: Duration = Duration::from_millis(50);
/// All brokers know within this time of a topic that was made.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

const DAY_MS: u64 = 24 * 3_600 * 1_000;
/// How long events, commands and outputs stay.
const EVENTS_MS: u64 = 7 * DAY_MS;
/// A day more than the sources, so that every range that is still there is still named.
const ORDER_MS: u64 = 8 * DAY_MS;
/// As long as dead letters can be listed.
const DEAD_LETTERS_MS: u64 = 30 * DAY_MS;

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Source(SourceTopic),
    Order,
    Owners,
    Output(OutputTopic),
}

/// How a topic must be.
struct Plan<'a> {
    role: Role,
    name: &'a str,
    partitions: u16,
    settings: BTreeMap<&'static str, String>,
}

fn plans(config: &KafkaConfig) -> Vec<Plan<'_>> {
    let roles = SourceTopic::ALL
        .map(Role::Source)
        .into_iter()
        .chain([Role::Order, Role::Owners])
        .chain(OutputTopic::ALL.map(Role::Output));
    roles.map(|role| plan(config, role)).collect()
}

fn plan(config: &KafkaConfig, role: Role) -> Plan<'_> {
    let (topics, all) = (&config.topics, config.partitions);
    let (name, partitions, retention) = match role {
        Role::Source(source @ SourceTopic::Control) => (topics.source(source), 1, None),
        Role::Source(source) => (topics.source(source), all, Some(EVENTS_MS)),
        Role::Order => (topics.order.as_str(), all, Some(ORDER_MS)),
        Role::Owners => (topics.owners.as_str(), 1, None),
        Role::Output(output @ OutputTopic::DeadLetters) => {
            (topics.output(output), all, Some(DEAD_LETTERS_MS))
        }
        Role::Output(output) => (topics.output(output), all, Some(EVENTS_MS)),
    };
    let mut settings = BTreeMap::from([
        ("min.insync.replicas", config.min_in_sync().to_string()),
        ("unclean.leader.election.enable", "false".to_owned()),
    ]);
    if is_compacted(role) {
        settings.insert("cleanup.policy", "compact".to_owned());
    } else {
        settings.insert("cleanup.policy", "delete".to_owned());
        settings.insert("retention.bytes", "-1".to_owned());
        let retention = retention.map_or_else(|| "-1".to_owned(), |ms| ms.to_string());
        settings.insert("retention.ms", retention);
    }
    if role == Role::Order {
        settings.insert("message.timestamp.type", "LogAppendTime".to_owned());
    }
    Plan { role, name, partitions, settings }
}

const fn is_compacted(role: Role) -> bool {
    matches!(
        role,
        Role::Owners | Role::Output(OutputTopic::Balances | OutputTopic::TournamentScores)
    )
}

/// Asks brokers about topics, and makes them.
pub struct Admin<'a> {
    config: &'a KafkaConfig,
    asking: Asking<'a>,
    client: AdminClient<Reports>,
}

impl fmt::Debug for Admin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("brokers", &self.config.brokers).finish_non_exhaustive()
    }
}

/// A topic as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFound {
    /// Its name.
    pub name: String,
    /// How many partitions it has; `None` where there is no such topic.
    pub partitions: Option<usize>,
    /// The fewest copies that any of its partitions has.
    pub replication: usize,
    /// The fewest copies that are up to date of any of its partitions.
    pub in_sync: usize,
    /// Partitions that nobody can write or read at the moment.
    pub without_leader: usize,
    /// Those of its settings that Accolade cares about.
    pub settings: BTreeMap<String, String>,
    /// What is not as it must be.
    pub problems: Vec<Problem>,
}

/// The brokers of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brokers {
    /// The name that the cluster has given itself.
    pub cluster_id: Option<String>,
    /// Those that run.
    pub brokers: Vec<BrokerFound>,
}

/// A broker as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerFound {
    /// Its number.
    pub id: i32,
    /// Where it says that it is reached.
    pub address: String,
    /// Its own settings.
    pub settings: Result<BrokerSettings, NotTold>,
}

/// A broker's settings, as far as they matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerSettings {
    /// It knows settings that release 4 has removed.
    pub is_old: bool,
    /// What judges who may do what; nothing where everybody may do everything.
    pub authorizer: Option<String>,
    /// Everybody may do everything with what no rule names.
    pub allows_what_has_no_rule: bool,
}

/// Why a broker has not told its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTold {
    /// Its rules do not allow this node to see them.
    NotAllowed,
    /// Something else.
    Failed(String),
}

/// A topic is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The topic.
    pub topic: String,
    /// What of it: `partitions`, `replication`, or the name of a setting.
    pub what: String,
    /// What it must be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// Whether a node refuses to start with it.
    pub forbids_start: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, what, expected, found, .. } = self;
        write!(f, "`{topic}` has {what} {found}, and needs {expected}")
    }
}

impl<'a> Admin<'a> {
    /// Connects on the first question.
    pub fn new(config: &'a KafkaConfig) -> Result<Self, OpenFailed> {
        config.security.check_files()?;
        let client = clients::admin(config)
            .create_with_context(Reports)
            .map_err(|error| OpenFailed::Config(error.to_string()))?;
        Ok(Self { config, asking: Asking::new(config)?, client })
    }

    /// Makes the topics that are missing, with the right settings, and names them. Those that are there
    /// are left as they are.
    pub fn create_missing(&self) -> Result<Vec<String>, OpenFailed> {
        let plans = plans(self.config);
        let found = self.inspect_until(|_| true)?;
        let missing: Vec<_> = plans
            .iter()
            .zip(&found)
            .filter(|(_, found)| found.partitions.is_none())
            .map(|(plan, _)| plan)
            .collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let topics: Vec<_> = missing
            .iter()
            .map(|plan| {
                let replication = TopicReplication::Fixed(i32::from(self.config.replication));
                let topic = NewTopic::new(plan.name, i32::from(plan.partitions), replication);
                plan.settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
            })
            .collect();
        let results = block_on(self.client.create_topics(&topics, &options()));
        for result in results.map_err(|error| self.failed("its topics", error))? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    let what = format!("the topic `{topic}`");
                    return Err(self.failed(&what, KafkaError::AdminOp(code)));
                }
            }
        }
        let made: Vec<_> = missing.iter().map(|plan| plan.name.to_owned()).collect();
        self.await_leaders(&made)?;
        Ok(made)
    }

    /// Topics that were made are known everywhere, and can be written, only a moment later.
    fn await_leaders(&self, made: &[String]) -> Result<(), OpenFailed> {
        let until = Instant::now() + ANSWER_PATIENCE;
        loop {
            let metadata = self.asking.metadata(None)?;
            let ready = |name: &String| {
                metadata.topics().iter().any(|topic| {
                    let partitions = topic.partitions();
                    topic.name() == name
                        && !partitions.is_empty()
                        && partitions.iter().all(|partition| partition.leader() >= 0)
                })
            };
            if made.iter().all(ready) {
                return Ok(());
            }
            if Instant::now() > until {
                let code = RDKafkaErrorCode::LeaderNotAvailable;
                return Err(self.failed("the topics made", KafkaError::MetadataFetch(code)));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// As [`Self::inspect`], of topics that another node or this one may just have made: brokers come to know
    /// them one after the other, and whoever is asked first may not yet.
    pub(crate) fn inspect_made(&self) -> Result<Vec<TopicFound>, OpenFailed> {
        self.inspect_until(|found| {
            found.iter().all(|topic| topic.partitions.is_some_and(|count| count > 0))
        })
    }

    fn inspect_until(
        &self,
        is_settled: impl Fn(&[TopicFound]) -> bool,
    ) -> Result<Vec<TopicFound>, OpenFailed> {
        let until = Instant::now() + KNOWN_WITHIN;
        loop {
            let found = self.inspect();
            if found.as_deref().is_ok_and(&is_settled) || Instant::now() > until {
                return found;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// All topics as they are, with what is not as it must be.
    pub fn inspect(&self) -> Result<Vec<TopicFound>, OpenFailed> {
        let plans = plans(self.config);
        let metadata = self.asking.metadata(None)?;
        let mut found = Vec::new();
        for plan in &plans {
            let topic = metadata.topics().iter().find(|topic| topic.name() == plan.name);
            let topic = topic.filter(|topic| {
                topic.error() != Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            });
            if topic.is_none() {
                self.refuse_hidden(plan.name)?;
            }
            let each = || topic.into_iter().flat_map(MetadataTopic::partitions);
            found.push(TopicFound {
                name: plan.name.to_owned(),
                partitions: topic.map(|topic| topic.partitions().len()),
                replication: each().map(|partition| partition.replicas().len()).min().unwrap_or(0),
                in_sync: each().map(|partition| partition.isr().len()).min().unwrap_or(0),
                without_leader: each().filter(|partition| partition.leader() < 0).count(),
                settings: BTreeMap::new(),
                problems: Vec::new(),
            });
        }
        self.read_settings(&plans, &mut found)?;
        for (plan, found) in plans.iter().zip(&mut found) {
            found.problems = problems(self.config, plan, found);
        }
        Ok(found)
    }

    /// A topic that this node may not see is not on the list of all; asked for by name, brokers say so.
    fn refuse_hidden(&self, name: &str) -> Result<(), OpenFailed> {
        let metadata = self.asking.metadata(Some(name))?;
        let hidden = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        match metadata.topics().iter().find_map(MetadataTopic::error) {
            Some(error) if error == hidden => Err(self.failed(
                &format!("the topic `{name}`"),
                KafkaError::MetadataFetch(RDKafkaErrorCode::TopicAuthorizationFailed),
            )),
            _ => Ok(()),
        }
    }

    /// The brokers, each with what it says about itself.
    pub fn brokers(&self) -> Result<Brokers, OpenFailed> {
        let metadata = self.asking.metadata(None)?;
        let brokers = metadata.brokers().iter().map(|broker| BrokerFound {
            id: broker.id(),
            address: format!("{}:{}", broker.host(), broker.port()),
            settings: self.broker_settings(broker.id()),
        });
        Ok(Brokers { cluster_id: self.asking.cluster_id(), brokers: brokers.collect() })
    }

    /// Each broker knows its own alone, so one is asked at a time.
    fn broker_settings(&self, id: i32) -> Result<BrokerSettings, NotTold> {
        let broker = [ResourceSpecifier::Broker(id)];
        let not_told = |error: KafkaError| {
            if is_not_allowed(&error) {
                NotTold::NotAllowed
            } else {
                NotTold::Failed(error.to_string())
            }
        };
        let described = block_on(self.client.describe_configs(&broker, &options()));
        let described = described.map_err(not_told)?.pop();
        let found = described.expect("what was asked for").map_err(KafkaError::AdminOp);
        let found = found.map_err(not_told)?;
        // What a broker keeps to itself comes as nothing.
        if found.entries.is_empty() {
            return Err(NotTold::NotAllowed);
        }
        let value = |key: &str| {
            found.get(key).and_then(|entry| entry.value.clone()).filter(|value| !value.is_empty())
        };
        Ok(BrokerSettings {
            // Brokers from release 4 on know neither of the two any more.
            is_old: found.get("zookeeper.connect").is_some()
                || found.get("inter.broker.protocol.version").is_some(),
            authorizer: value("authorizer.class.name"),
            allows_what_has_no_rule: value("allow.everyone.if.no.acl.found").as_deref()
                == Some("true"),
        })
    }

    /// When a record was last ordered, by the brokers' clock; `None` where none was.
    pub fn last_ordered(&self) -> Result<Option<Timestamp>, OpenFailed> {
        self.asking.last_appended(&self.config.topics.order, self.config.partitions)
    }

    fn read_settings(
        &self,
        plans: &[Plan<'_>],
        found: &mut [TopicFound],
    ) -> Result<(), OpenFailed> {
        let there: Vec<_> = (0..found.len()).filter(|at| found[*at].partitions.is_some()).collect();
        if there.is_empty() {
            return Ok(());
        }
        let names: Vec<_> =
            there.iter().map(|at| ResourceSpecifier::Topic(plans[*at].name)).collect();
        let described = block_on(self.client.describe_configs(&names, &options()));
        let described = described.map_err(|error| self.failed("its topics' settings", error))?;
        for (at, resource) in there.iter().zip(described) {
            let what = || format!("the settings of `{}`", plans[*at].name);
            let resource =
                resource.map_err(|code| self.failed(&what(), KafkaError::AdminOp(code)))?;
            if resource.entries.is_empty() {
                let code = RDKafkaErrorCode::TopicAuthorizationFailed;
                return Err(self.failed(&what(), KafkaError::AdminOp(code)));
            }
            found[*at].settings = plans[*at]
                .settings
                .keys()
                .filter_map(|key| {
                    let value = resource.get(key)?.value.clone()?;
                    Some(((*key).to_owned(), value))
                })
                .collect();
        }
        Ok(())
    }

    fn failed(&self, what: &str, error: KafkaError) -> OpenFailed {
        failed(self.config, what, error)
    }
}

fn problems(config: &KafkaConfig, plan: &Plan<'_>, found: &TopicFound) -> Vec<Problem> {
    let problem = |what: &str, expected: String, found: String, forbids_start: bool| Problem {
        topic: plan.name.to_owned(),
        what: what.to_owned(),
        expected,
        found,
        forbids_start,
    };
    let expected = plan.partitions.to_string();
    let Some(partitions) = found.partitions else {
        return vec![problem("partitions", expected, "0".into(), true)];
    };
    let mut problems = Vec::new();
    if partitions != usize::from(plan.partitions) {
        problems.push(problem("partitions", expected, partitions.to_string(), true));
    }
    if found.replication < usize::from(config.replication) {
        let expected = config.replication.to_string();
        // With fewer copies than must have a record, nothing is ever acknowledged.
        let forbids =
            read_again(plan.role) && found.replication < usize::from(config.min_in_sync());
        problems.push(problem("replication", expected, found.replication.to_string(), forbids));
    }
    for (key, expected) in &plan.settings {
        let value = found.settings.get(*key).map_or("", String::as_str);
        if !suffices(key, value, expected) {
            let forbids = read_again(plan.role) && rested_on(key, value);
            problems.push(problem(key, expected.clone(), value.into(), forbids));
        }
    }
    problems
}

/// Whether a topic is read again to find out what was ordered, so that what was acknowledged there must
/// stay there, and as it was.
const fn read_again(role: Role) -> bool {
    matches!(role, Role::Source(_) | Role::Order)
}

/// Whether such a topic cannot be used with this setting, which is not as it must be; the others are only
/// unwise.
fn rested_on(key: &str, value: &str) -> bool {
    match key {
        // Compaction takes records out of the middle, and the order names ranges without gaps.
        "cleanup.policy" => value.contains("compact"),
        // A record that was acknowledged could vanish, and another come in its place; a node would compare
        // its clock with its own.
        "min.insync.replicas" | "unclean.leader.election.enable" | "message.timestamp.type" => true,
        _ => false,
    }
}

/// Whether a setting is as good as what it must be.
fn suffices(key: &str, found: &str, expected: &str) -> bool {
    let number = |text: &str| {
        text.parse::<i64>().ok().map(|number| if number < 0 { i64::MAX } else { number })
    };
    match key {
        "retention.ms" | "retention.bytes" | "min.insync.replicas" => number(found)
            .is_some_and(|found| number(expected).is_some_and(|expected| found >= expected)),
        _ => found == expected,
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(ANSWER_PATIENCE))
        .operation_timeout(Some(ANSWER_PATIENCE))
}

/// Waits for an answer that another thread brings.
pub(crate) fn block_on<F: Future>(answer: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing of the system")
        .block_on(answer)
}
