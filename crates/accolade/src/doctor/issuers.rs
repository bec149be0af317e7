//! Issuers of tokens: whether each answers, is the one that is written down, and has keys that can be used.

use accolade_server::{Oidc, Published, Trusted};
use tokio::task::JoinSet;

use super::Findings;
use super::clock::Clocks;
use crate::config::Config;

const CHECK: &str = "issuers";

pub(super) async fn examine(config: &Config) -> (Findings, Clocks) {
    let mut findings = Findings::default();
    if config.oidc.is_empty() {
        findings.ok(CHECK, "there is no `[[oidc]]`: only API keys are taken, and what they sign");
    } else if let Err(bad) = Oidc::new(&config.oidc) {
        findings.error(CHECK, bad.to_string(), "set it right in the configuration file");
    } else {
        let mut asked = JoinSet::new();
        for (at, trusted) in config.oidc.iter().cloned().enumerate() {
            asked.spawn(async move { (at, trusted.examine().await) });
        }
        let mut answers = asked.join_all().await;
        answers.sort_by_key(|(at, _)| *at);
        for (at, answer) in answers {
            tell(&config.oidc[at], answer, &mut findings);
        }
    }
    (findings, Clocks::default())
}

fn tell(trusted: &Trusted, answer: Result<Published, String>, findings: &mut Findings) {
    let issuer = &trusted.issuer;
    let Published { keys, usable, suited, signs_in } = match answer {
        Ok(published) => published,
        Err(why) => {
            let mend = "its tokens would be refused: see that it runs and that this machine reaches it; `issuer` is \
                        what its discovery\ndocument says, to the letter, and `ca_file` has the authority of its \
                        certificate";
            return findings.error(CHECK, format!("the keys of `{issuer}`: {why}"), mend);
        }
    };
    let without: Vec<_> =
        usable.iter().filter(|(_, count)| *count == 0).map(|(name, _)| &**name).collect();
    let without = without.join(", ");
    let mend = match &*suited {
        [] => "see by which algorithms it signs: none of its keys is for one that can be trusted"
            .to_owned(),
        suited => format!(
            "`algorithms` has to be those by which it signs; its keys are for {}",
            suited.join(", ")
        ),
    };
    if usable.iter().all(|(_, count)| *count == 0) {
        let found = format!("`{issuer}` has {keys} keys, and none for {without}");
        findings.error(CHECK, found, mend);
    } else if !without.is_empty() {
        findings.warning(CHECK, format!("`{issuer}` has no key for {without}"), mend);
    } else {
        let counts = usable.iter().map(|(name, count)| format!("{count} for {name}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        findings.ok(CHECK, format!("`{issuer}` answers as it is written down; keys: {counts}"));
    }
    if trusted.portal.is_some() && !signs_in {
        let found = format!("`{issuer}` does not say where staff sign in to the portal");
        let mend = "its discovery document has to have `authorization_endpoint` and `token_endpoint`, with https; without \
                    them, leave `[oidc.portal]` out";
        findings.error(CHECK, found, mend);
    }
}
