//! Who may do what with Accolade's topics, as commands of Kafka's own tools: its client cannot ask for
//! the brokers' rules, nor set them.

use accolade_wire::order::SourceTopic;

use crate::config::{KafkaConfig, OutputTopic};

/// The file that tells Kafka's tools how an administrator is let in.
const ADMIN: &str = "admin.properties";

/// What every command begins with.
fn command(config: &KafkaConfig) -> String {
    let protected = config.security.tls.is_some() || config.security.sasl.is_some();
    let how = if protected { format!(" --command-config {ADMIN}") } else { String::new() };
    format!("kafka-acls.sh --bootstrap-server {}{how}", config.brokers)
}

/// The topics that nobody but Accolade may write. What others produce is not among them.
fn of_accolade_alone(config: &KafkaConfig) -> Vec<&str> {
    let topics = &config.topics;
    let sources = [SourceTopic::Commands, SourceTopic::Control].map(|source| topics.source(source));
    let outputs = OutputTopic::ALL.map(|output| topics.output(output));
    sources.into_iter().chain([topics.order.as_str(), &topics.owners]).chain(outputs).collect()
}

fn named(topics: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    topics.into_iter().fold(String::new(), |named, topic| named + " --topic " + topic.as_ref())
}

/// Shows every rule that has a say in who may write what is Accolade's alone.
pub fn showing(config: &KafkaConfig) -> String {
    let topics = named(of_accolade_alone(config));
    format!("{} --list{topics} --resource-pattern-type match", command(config))
}

/// Gives a node and `accolade cluster adopt` all that they need, and `accolade doctor` a look at the brokers' settings. Rules refuse
/// everybody whom they do not name.
pub fn allowing(config: &KafkaConfig) -> Vec<String> {
    let add = format!("{} --add --allow-principal {}", command(config), config.principal());
    let others = [&config.topics.wagers.topic, &config.topics.game_events.topic];
    let topics = named(of_accolade_alone(config)) + &named(others);
    vec![
        format!("{add} --operation All{topics} --group {0} --group {0}-adopt", config.group),
        format!(
            "{add} --operation All --transactional-id {} --resource-pattern-type prefixed",
            config.transactional_ids()
        ),
        format!("{add} --operation DescribeConfigs --cluster"),
    ]
}

#[cfg(test)]
mod tests {
    use accolade_wire::secret::Secret;

    use super::*;
    use crate::config::{Mechanism, Sasl};

    #[test]
    fn commands_name_the_node_and_every_topic_of_the_cluster() {
        let mut config = KafkaConfig::new("broker:9093", "first", &Secret::new("for tests only"))
            .with_prefix("staging.");
        let (user, password) = ("points".to_owned(), Secret::new("not shown"));
        config.security.sasl = Some(Sasl { mechanism: Mechanism::ScramSha512, user, password });
        let begin =
            "kafka-acls.sh --bootstrap-server broker:9093 --command-config admin.properties";
        let shows = showing(&config);
        assert!(shows.starts_with(&format!("{begin} --list --topic staging.accolade.commands ")));
        assert!(!shows.contains("wager.events"), "others write it: {shows}");
        let [topics, transactions, cluster] = allowing(&config).try_into().unwrap();
        assert!(topics.starts_with(&format!("{begin} --add --allow-principal User:points ")));
        for topic in ["accolade.order", "accolade.owners", "loyalty.balances", "wager.events"] {
            assert!(topics.contains(&format!(" --topic staging.{topic} ")), "{topic}: {topics}");
        }
        assert!(topics.contains(" --group staging.accolade "), "{topics}");
        assert!(transactions.contains(" --transactional-id staging.accolade-outputs- "));
        assert!(cluster.ends_with(" --operation DescribeConfigs --cluster"));
    }
}
