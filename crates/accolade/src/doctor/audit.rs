//! How the trail of who did what is kept, and which alerts there are.

use super::Findings;
use crate::config::Config;
use crate::terminal::grouped;

const CHECK: &str = "audit";

pub(super) fn examine(config: &Config, findings: &mut Findings) {
    if let Err(error) = config.audit.check() {
        findings.error(CHECK, error.to_string(), "set it in `[audit]` of the configuration");
        return;
    }
    let kept = format!("who did what is kept for {} days", grouped(config.audit.days));
    let off = config.audit.alerts_off();
    if off.is_empty() {
        findings.ok(CHECK, kept);
    } else {
        let found = format!("{kept}; nobody is told of {}", off.join(", "));
        findings.warning(CHECK, found, "set `alert_*` in `[audit]` to more than 0");
    }
}
