//! The settings of the audit trail: how long it is kept, what is put down one by one, and what raises an alert.

use accolade_server::{DeniedMax, Settings, Thresholds};
use anyhow::bail;

/// The trail of who did what, and what somebody should hear of soon.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct AuditConfig {
    /// Days for which the trail of who did what is kept (seven years); none of it is removed before.
    #[config(env = "ACCOLADE_AUDIT_DAYS", default = 2557)]
    pub(crate) days: u32,

    /// Refused requests of one address that have records of their own within an hour; others are counted.
    #[config(env = "ACCOLADE_AUDIT_DENIED_BY_ADDRESS_MAX", default = 60)]
    pub(crate) denied_by_address_max: u32,

    /// Refused requests of all that have records of their own within an hour; others are counted.
    #[config(env = "ACCOLADE_AUDIT_DENIED_MAX", default = 1000)]
    pub(crate) denied_max: u32,

    /// Refused credentials of one address within a minute that raise the alert `refused_by_address`; 0 for none.
    #[config(env = "ACCOLADE_ALERT_REFUSED_BY_ADDRESS", default = 30)]
    pub(crate) alert_refused_by_address: u32,

    /// Refused credentials of all addresses within a minute that raise the alert `refused`; 0 for none.
    #[config(env = "ACCOLADE_ALERT_REFUSED", default = 300)]
    pub(crate) alert_refused: u32,

    /// Requests of one credential within an hour, for what is another's, that raise the alert `probing`; 0 for
    /// none.
    #[config(env = "ACCOLADE_ALERT_PROBES", default = 20)]
    pub(crate) alert_probes: u32,

    /// Different players that one credential reads within an hour to raise the alert `mass_export`; 0 for none.
    #[config(env = "ACCOLADE_ALERT_PLAYERS", default = 1000)]
    pub(crate) alert_players: u32,
}

impl AuditConfig {
    /// Puts into `settings` what the server heeds of these.
    pub(crate) fn settings(&self, settings: Settings) -> Settings {
        let Self { denied_by_address_max, denied_max, .. } = *self;
        let denied_max = DeniedMax { by_address: denied_by_address_max, in_all: denied_max };
        let alerts = Thresholds {
            refused_by_address: self.alert_refused_by_address,
            refused: self.alert_refused,
            probes: self.alert_probes,
            players: self.alert_players,
        };
        Settings { denied_max, alerts, ..settings }
    }

    /// The alerts that are never raised.
    pub(crate) fn alerts_off(&self) -> Vec<&'static str> {
        let thresholds = [
            ("`refused_by_address`", self.alert_refused_by_address),
            ("`refused`", self.alert_refused),
            ("`probing`", self.alert_probes),
            ("`mass_export`", self.alert_players),
        ];
        thresholds.into_iter().filter(|(_, from)| *from == 0).map(|(alert, _)| alert).collect()
    }

    /// Refuses what makes no sense.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let Self { days, alert_players, .. } = *self;
        if days == 0 {
            bail!("`audit.days` is 0: expected at least 1");
        }
        let most = Thresholds::PLAYERS_MAX;
        if alert_players > most {
            bail!("`audit.alert_players` is {alert_players}: expected at most {most}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "cluster")]
    use accolade_wire::secret::Secret;

    use crate::arguments::Where;
    use crate::config::Config;

    fn read(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        std::fs::write(&file, format!("[audit]\n{text}\n")).unwrap();
        Config::load(&Where { config: Some(file), ..Where::default() }).unwrap()
    }

    #[test]
    fn what_is_set_is_what_the_server_and_the_nodes_heed() {
        let config = read(
            "days = 3\ndenied_by_address_max = 4\ndenied_max = 5\nalert_refused_by_address = 6\n\
             alert_refused = 7\nalert_probes = 8\nalert_players = 9",
        );
        let settings = config.settings_to_serve().unwrap();
        assert_eq!((settings.denied_max.by_address, settings.denied_max.in_all), (4, 5));
        let alerts = settings.alerts;
        assert_eq!((alerts.refused_by_address, alerts.refused), (6, 7));
        assert_eq!((alerts.probes, alerts.players), (8, 9));
        assert_eq!(config.node_options().audit_days, 3);
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn a_node_of_a_cluster_keeps_its_trail_as_long_as_is_set() {
        let mut config = read("days = 3");
        config.ship.to = Some("/mnt/objects".into());
        config.cluster.brokers = Some("b:9092".into());
        config.cluster.name = Some("n".into());
        config.cluster.address = Some("http://127.0.0.1:0".into());
        config.cluster.secret = Some(Secret::new("a-secret-for-tests-only"));
        assert_eq!(config.joining().unwrap().unwrap().options.audit_days, 3);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_by_their_names() {
        for (setting, expected) in [
            ("days = 0", "`audit.days` is 0: expected at least 1"),
            (
                "alert_players = 1048577",
                "`audit.alert_players` is 1048577: expected at most 1048576",
            ),
        ] {
            let refused = read(setting).settings_to_serve().unwrap_err();
            assert_eq!(format!("{refused:#}"), expected);
        }
        read("alert_refused = 0\nalert_players = 0").settings_to_serve().unwrap();
    }
}
