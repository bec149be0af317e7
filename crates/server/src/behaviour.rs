//! By which behaviour the fold decides, and the switch to another, once every node can.

use accolade_domain::outcome::Declined;
use accolade_wire::control::Control;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::call::Call;
use crate::dry_run::respond_to_change;
use crate::fields::fields_of;
use crate::host::{Asked, read};
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::Service;
use crate::shapes::respond;

#[derive(Serialize)]
struct BehaviourShape {
    /// The one by which the fold decides.
    behaviour: u16,
    nodes: Vec<NodeShape>,
}

/// What a node knows.
#[derive(Serialize)]
struct NodeShape {
    /// Where it answers; nothing for the node that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    behaviours: Vec<u16>,
    /// Why it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl NodeShape {
    /// Why the node cannot decide by a behaviour; nothing where it can.
    fn cannot(&self, behaviour: u16) -> Option<String> {
        let Self { address, behaviours, error } = self;
        let who = address.as_deref().unwrap_or("this node");
        if let Some(error) = error {
            return Some(format!("{who} cannot be asked ({error})"));
        }
        let known: Vec<_> = behaviours.iter().map(u16::to_string).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        (!behaviours.contains(&behaviour)).then(|| format!("{who} knows {known}"))
    }
}

impl Service {
    /// Refuses what the fold would not know, since it came with a later behaviour.
    pub(crate) fn needs_behaviour(&self, from: u16, what: &str) -> Result<(), Problem> {
        let behaviour = self.host.rules().settings.behaviour;
        if behaviour >= from {
            return Ok(());
        }
        let detail = format!(
            "{what} come with behaviour {from}, and the fold decides by {behaviour}: `accolade behaviour switch \
             {from}`"
        );
        Err(Problem::new(Refusal::BehaviourEarlier, detail))
    }

    /// What this node knows, and every other that owns a partition.
    async fn behaviours(&self) -> Result<Vec<NodeShape>, Problem> {
        let behaviours = self.host.behaviours();
        let mut nodes = vec![NodeShape { address: None, behaviours, error: None }];
        nodes.extend(self.other_nodes().await?.into_iter().map(|node| NodeShape {
            address: Some(node.address),
            behaviours: node.status.map(|status| status.behaviours).unwrap_or_default(),
            error: node.error,
        }));
        Ok(nodes)
    }
}

/// The behaviour in force, and which ones each node knows.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let Call { service, .. } = call;
    let behaviour = service.host.rules().settings.behaviour;
    let nodes = service.behaviours().await?;
    Ok(respond(StatusCode::OK, &BehaviourShape { behaviour, nodes }))
}

/// Has the fold decide by another behaviour from the next batch on; refused while a node cannot.
pub(crate) async fn switch(call: Call) -> Result<Response, Problem> {
    let a_number = |body: &[u8]| {
        let [number] = fields_of(body, &["number"])?;
        let said = number.whole(0..=u16::MAX.into())?;
        let said = said.and_then(|said| u16::try_from(said).ok());
        said.ok_or_else(|| number.expected("the number of a behaviour"))
    };
    let Asked { service, body: number, is_dry } = read(call, a_number).await?;
    if number <= service.host.rules().settings.behaviour {
        return Err(Declined::BehaviourPassed.into());
    }
    // Whoever is about to take a partition is known once it has.
    service.owners(0..service.partitions()).await?;
    let nodes = service.behaviours().await?;
    let cannot: Vec<_> = nodes.iter().filter_map(|node| node.cannot(number)).collect();
    if !cannot.is_empty() {
        let detail = format!("every node must know behaviour {number}: {}", cannot.join("; "));
        return Err(Problem::new(Refusal::BehaviourUnknown, detail));
    }
    let control = Control::Behaviour { number };
    if is_dry {
        service.rules_would(&control).await?;
        let shape = BehaviourShape { behaviour: number, nodes };
        return Ok(respond_to_change(StatusCode::OK, &shape, true));
    }
    service.control(&control).await?.ok_or_else(not_yet)?;
    // In a cluster another node may be the first to hear of it.
    let is_in_force = || service.host.rules().settings.behaviour >= number;
    service.once(|| is_in_force().then_some(())).await?;
    Ok(respond(StatusCode::OK, &BehaviourShape { behaviour: number, nodes }))
}
