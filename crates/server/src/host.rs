//! What only whoever runs the node may do: its state, operators, files to take in, and `skip`.

use std::time::Duration;

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::ledger::Place;
use accolade_engine::rules::Operator;
use accolade_engine::rules::keys::TEXT_BYTES_MAX as WHY_BYTES_MAX;
use accolade_storage::descriptors::Counts;
use accolade_storage::node::ShippingStatus;
use accolade_storage::random::random;
use accolade_wire::control::Control;
use accolade_wire::hex::to_hex;
use accolade_wire::record::{Kind, Record, Source};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use utoipa::ToSchema;

use crate::call::Call;
use crate::dry_run::respond_to_change;
use crate::fields::{Field, fields_of};
use crate::health::StandingShape;
use crate::intake::{Way, take_in};
use crate::outlets::OutletState;
use crate::problem::{Problem, not_yet};
use crate::secret;
use crate::service::{Service, now};
use crate::shapes::{PlaceShape, Time, respond};
use crate::submit::{Parcel, blocking};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusShape {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<String>,
    log_time: Time,
    lag_bytes: usize,
    ids_in_memory: usize,
    players: usize,
    /// The last checkpoint; nothing before the first since the node started.
    checkpointed_at: Option<Time>,
    descriptors: DescriptorsShape,
    disk_full: bool,
    clock_stepped: bool,
    fatal: Option<String>,
    standing: Vec<StandingShape>,
    /// What follows the fold, of all nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outlets: Vec<OutletState>,
    /// Where checkpoints are shipped; nothing where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<ShippingShape>,
    partitions: u16,
    partitions_here: Vec<u16>,
    operators: usize,
    /// The behaviours that the node knows.
    behaviours: Vec<u16>,
    /// Whether other nodes ask this one over `tls` or in `clear`; nothing where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    between_nodes: Option<&'static str>,
    /// The other nodes of a cluster, as far as they can be reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<NodeShape>,
}

/// What the process may have open.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorsShape {
    /// Files and connections together.
    limit: u64,
    closed_files_open: usize,
    closed_files_max: usize,
}

impl From<Counts> for DescriptorsShape {
    fn from(counts: Counts) -> Self {
        let Counts { limit, open, open_max, .. } = counts;
        Self { limit, closed_files_open: open, closed_files_max: open_max }
    }
}

/// How the shipping of checkpoints is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShippingShape {
    /// The last list that was shipped; empty before the first.
    list: String,
    /// What was answered up to here would survive the loss of the disk.
    covers: Time,
    /// Why the last try failed.
    failure: Option<String>,
}

impl From<ShippingStatus> for ShippingShape {
    fn from(status: ShippingStatus) -> Self {
        let ShippingStatus { list, covers, failure } = status;
        Self { list, covers: Time(covers), failure }
    }
}

/// Another node of the cluster.
#[derive(Serialize)]
pub(crate) struct NodeShape {
    pub(crate) address: String,
    #[serde(flatten)]
    pub(crate) status: Option<OtherStatus>,
    /// Why it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// How a node of several is.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NodeStatus)]
pub(crate) struct OtherStatus {
    /// Its release.
    #[serde(default)]
    version: String,
    /// What waits for the fold.
    lag_bytes: usize,
    ids_in_memory: usize,
    /// Players with an account in its partitions, of all operators.
    players: usize,
    disk_full: bool,
    clock_stepped: bool,
    /// Why it does not go on.
    #[schema(required)]
    fatal: Option<String>,
    /// Partitions whose fold stands.
    standing: Vec<StandingShape>,
    #[schema(required = false)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    outlets: Vec<OutletState>,
    partitions_here: Vec<u16>,
    /// A release that does not say so knows none beyond the first.
    #[serde(default)]
    #[schema(required)]
    pub(crate) behaviours: Vec<u16>,
}

impl From<StatusShape> for OtherStatus {
    fn from(own: StatusShape) -> Self {
        Self {
            version: own.version.to_owned(),
            lag_bytes: own.lag_bytes,
            ids_in_memory: own.ids_in_memory,
            players: own.players,
            disk_full: own.disk_full,
            clock_stepped: own.clock_stepped,
            fatal: own.fatal,
            standing: own.standing,
            outlets: own.outlets,
            partitions_here: own.partitions_here,
            behaviours: own.behaviours,
        }
    }
}

/// All nodes, as far as they can be asked.
#[derive(Serialize, ToSchema)]
#[schema(as = Nodes)]
pub(crate) struct NodesShape {
    /// How many partitions there are.
    partitions: u16,
    /// The one that answers, and then the others by their addresses.
    items: Vec<ListedNode>,
}

/// A node among all.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Node)]
struct ListedNode {
    /// Whether it is the one that answers.
    is_this: bool,
    /// Where other nodes ask it; nothing of the one that answers.
    #[schema(required)]
    address: Option<String>,
    /// How it is; nothing where it cannot be asked.
    #[schema(required)]
    status: Option<OtherStatus>,
    /// Why it cannot be asked.
    #[schema(required)]
    error: Option<String>,
}

/// How long another node may take to say how it is.
const STATUS_TIME: Duration = Duration::from_secs(2);

impl Service {
    async fn own_status(&self) -> Result<StatusShape, Problem> {
        let service = self.clone();
        blocking(move || {
            let status = service.host.status();
            StatusShape {
                version: env!("CARGO_PKG_VERSION"),
                data_dir: service.settings.data_dir.as_ref().map(|path| path.display().to_string()),
                log_time: Time(status.log_time),
                lag_bytes: status.lag_bytes,
                ids_in_memory: status.ids_in_memory,
                players: status.players,
                checkpointed_at: Some(status.checkpointed_at)
                    .filter(|at| at.micros() > 0)
                    .map(Time),
                descriptors: status.descriptors.into(),
                disk_full: status.disk_full,
                clock_stepped: status.clock_stepped,
                standing: StandingShape::all(&status),
                outlets: service.outlets.states(),
                shipping: status.shipping.map(ShippingShape::from),
                fatal: status.fatal,
                partitions: service.partitions(),
                partitions_here: status.partitions_here,
                operators: service.host.rules().operators().count(),
                behaviours: service.host.behaviours(),
                between_nodes: service
                    .cluster
                    .as_ref()
                    .map(|cluster| if cluster.neighbours.is_over_tls() { "tls" } else { "clear" }),
                nodes: Vec::new(),
            }
        })
        .await
    }

    /// How the other nodes are, in the order of their addresses.
    pub(crate) async fn other_nodes(&self) -> Result<Vec<NodeShape>, Problem> {
        let mut asking = JoinSet::new();
        for address in self.host.peers() {
            let neighbours = self.neighbours()?.clone();
            asking.spawn(async move {
                let answer =
                    neighbours.ask(&address, "/cluster/v1/status", None, STATUS_TIME).await;
                let read = |bytes: Bytes| Ok(serde_json::from_slice::<OtherStatus>(&bytes)?);
                match answer.and_then(read) {
                    Ok(status) => NodeShape { address, status: Some(status), error: None },
                    Err(error) => {
                        NodeShape { address, status: None, error: Some(error.to_string()) }
                    }
                }
            });
        }
        let mut nodes = asking.join_all().await;
        nodes.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(nodes)
    }

    /// How the node is; in a cluster, also how the others are, and the sums over all of them.
    async fn whole_status(&self) -> Result<StatusShape, Problem> {
        let mut status = self.own_status().await?;
        status.nodes = self.other_nodes().await?;
        for other in status.nodes.iter().filter_map(|node| node.status.as_ref()) {
            status.lag_bytes += other.lag_bytes;
            status.ids_in_memory += other.ids_in_memory;
            status.players += other.players;
            status.disk_full |= other.disk_full;
            status.clock_stepped |= other.clock_stepped;
            status.standing.extend(other.standing.iter().cloned());
            status.outlets.extend(other.outlets.iter().cloned());
        }
        Ok(status)
    }
}

/// How the node is, and the other nodes of its cluster.
pub(crate) async fn status(call: Call) -> Result<Response, Problem> {
    Ok(respond(StatusCode::OK, &call.service.whole_status().await?))
}

/// How all nodes are, and which partitions they have.
pub(crate) async fn nodes(call: Call) -> Result<Response, Problem> {
    let service = call.service;
    let (own, others) = (service.own_status().await?, service.other_nodes().await?);
    let partitions = own.partitions;
    let this = ListedNode { is_this: true, address: None, status: Some(own.into()), error: None };
    let others = others.into_iter().map(|NodeShape { address, status, error }| ListedNode {
        is_this: false,
        address: Some(address),
        status,
        error,
    });
    let items = std::iter::once(this).chain(others).collect();
    Ok(respond(StatusCode::OK, &NodesShape { partitions, items }))
}

/// How the node is, for another node.
pub(crate) async fn own_status(call: Call) -> Result<Response, Problem> {
    Ok(respond(StatusCode::OK, &call.service.own_status().await?))
}

#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperatorShape {
    operator_id: Box<str>,
    number: u32,
    events_per_second: u32,
    /// The latest version; nothing where there is none.
    program_version: Option<u32>,
    /// Since when, why and by whom nothing is taken in from it; nothing where it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<PausedShape>,
}

#[derive(Serialize)]
struct PausedShape {
    since: Time,
    why: Box<str>,
    who: Box<str>,
}

impl OperatorShape {
    fn of(operator: &Operator) -> Self {
        let paused = operator.pauses.last().filter(|pause| pause.is_paused);
        Self {
            operator_id: operator.id.clone(),
            number: operator.number,
            events_per_second: operator.events_per_second,
            program_version: Some(operator.versions.latest()).filter(|latest| *latest > 0),
            paused: paused.map(|pause| PausedShape {
                since: Time(pause.since.time),
                why: pause.why.clone(),
                who: pause.who.clone(),
            }),
        }
    }
}

/// All operators, by name.
pub(crate) async fn operators(call: Call) -> Result<Response, Problem> {
    let rules = call.service.host.rules();
    let items = rules.operators().map(|operator| OperatorShape::of(operator));
    Ok(respond(StatusCode::OK, &List { items: items.collect() }))
}

/// Takes in nothing more from an operator; what it has sent stays, and its reads go on.
pub(crate) async fn pause(call: Call) -> Result<Response, Problem> {
    let (operator, who) = (call.name(), call.principal.subject.to_string());
    let why = |body: &[u8]| {
        let [why] = fields_of(body, &["why"])?;
        let a_text = || why.expected(&format!("a text of 1 to {WHY_BYTES_MAX} bytes"));
        why.text()?.filter(|why| (1..=WHY_BYTES_MAX).contains(&why.len())).ok_or_else(a_text)
    };
    let Asked { service, body: why, is_dry } = read(call, why).await?;
    let control = Control::Pause { operator: operator.clone(), why, who };
    service.pause(&operator, true, &control, is_dry).await
}

/// Takes in again what an operator sends.
pub(crate) async fn resume(call: Call) -> Result<Response, Problem> {
    let (operator, who) = (call.name(), call.principal.subject.to_string());
    let nothing = |body: &[u8]| fields_of(body, &[]).map(|[]| ());
    let Asked { service, body: (), is_dry } = read(call, nothing).await?;
    let control = Control::Resume { operator: operator.clone(), who };
    service.pause(&operator, false, &control, is_dry).await
}

impl Service {
    async fn pause(
        &self,
        operator: &str,
        is_paused: bool,
        control: &Control,
        is_dry: bool,
    ) -> Result<Response, Problem> {
        if is_dry {
            let (rules, _) = self.rules_would(control).await?;
            let operator =
                rules.operator(operator).ok_or_else(|| Problem::not_found("operator"))?;
            return Ok(respond_to_change(StatusCode::OK, &OperatorShape::of(operator), true));
        }
        self.control(control).await?.ok_or_else(not_yet)?;
        let is_so = || {
            let operator = self.host.rules().operator(operator).cloned()?;
            (operator.pauses.is_paused() == is_paused).then_some(operator)
        };
        let operator = self.once(is_so).await?;
        self.credentials.refresh(&*self.host);
        Ok(respond(StatusCode::OK, &OperatorShape::of(&operator)))
    }
}

struct NewOperator {
    operator_id: String,
    events_per_second: u32,
}

impl NewOperator {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [operator, limit] = fields_of(body, &["operatorId", "eventsPerSecond"])?;
        let an_id = || {
            operator.expected(&format!(
                "a text of 1 to {ID_BYTES_MAX} bytes without control characters"
            ))
        };
        let limit = limit.whole(0..=u32::MAX.into())?.unwrap_or(0);
        Ok(Self {
            operator_id: operator.short_text(ID_BYTES_MAX)?.ok_or_else(an_id)?,
            events_per_second: u32::try_from(limit).expect("it is in the range"),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddedOperator<'a> {
    operator_id: &'a str,
    /// Shown this once; there is none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// A change of the node, as it was asked for.
pub(crate) struct Asked<T> {
    pub(crate) service: Service,
    pub(crate) body: T,
    pub(crate) is_dry: bool,
}

/// Reads the body, and whether nothing is to be done.
pub(crate) async fn read<T>(
    call: Call,
    read: impl FnOnce(&[u8]) -> Result<T, Problem>,
) -> Result<Asked<T>, Problem> {
    let is_dry = call.is_dry()?;
    let Call { service, parts, body, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    let body = read(&body)?;
    drop(held);
    Ok(Asked { service, body, is_dry })
}

/// Adds an operator and makes its key.
pub(crate) async fn add_operator(call: Call) -> Result<Response, Problem> {
    add(call, |operator, key_hash, events_per_second| Control::Operator {
        operator,
        key_hash,
        events_per_second,
    })
    .await
}

/// Adds an operator by the control record that `control` makes of its id, its key's hash and its limit.
pub(crate) async fn add(
    call: Call,
    control: impl FnOnce(String, String, u32) -> Control,
) -> Result<Response, Problem> {
    let Asked { service, body, is_dry } = read(call, NewOperator::read).await?;
    let NewOperator { operator_id, events_per_second } = body;
    let key = secret::of(random()?);
    let key_hash = to_hex(&secret::hash(&service.hash_key(), &key));
    let control = control(operator_id.clone(), key_hash, events_per_second);
    if is_dry {
        service.rules_would(&control).await?;
        let added = AddedOperator { operator_id: &operator_id, key: None };
        return Ok(respond_to_change(StatusCode::OK, &added, true));
    }
    service.control(&control).await?.ok_or_else(not_yet)?;
    // In a cluster another node may be the first to hear of it.
    service.once(|| service.host.rules().operator(&operator_id).map(drop)).await?;
    let added = AddedOperator { operator_id: &operator_id, key: Some(&key) };
    Ok(respond(StatusCode::CREATED, &added))
}

struct Skip {
    partition: u16,
    batch: u64,
    slot: u32,
    who: String,
}

impl Skip {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [partition, batch, slot, who] =
            fields_of(body, &["partition", "batch", "slot", "who"])?;
        let number = |field: &Field<'_>, most: i64| {
            field.whole(0..=most)?.ok_or_else(|| field.expected("a whole number"))
        };
        let in_range = "it is in the range";
        Ok(Self {
            partition: number(&partition, u16::MAX.into())?.try_into().expect(in_range),
            batch: number(&batch, i64::MAX)?.try_into().expect(in_range),
            slot: number(&slot, u32::MAX.into())?.try_into().expect(in_range),
            who: who.text()?.ok_or_else(|| who.expected("a text"))?,
        })
    }
}

#[derive(Serialize)]
struct Skipped {
    skipped: PlaceShape,
}

/// How often a partition is looked at that is to go on.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Makes the input at which a partition stands a dead letter, and answers once it has gone on.
pub(crate) async fn skip(call: Call) -> Result<Response, Problem> {
    let Asked { service, body: Skip { partition, batch, slot, who }, is_dry } =
        read(call, Skip::read).await?;
    let place = Place { partition, batch, slot, number: 0 };
    if !stands_at(&service, place).await? {
        return Err(accolade_domain::outcome::Declined::NotStandingThere.into());
    }
    if is_dry {
        return Ok(respond_to_change(StatusCode::OK, &Skipped { skipped: place.into() }, true));
    }
    let control = Control::Skip { partition, batch, slot, who };
    let body = serde_json::to_vec(&control).expect("a control record is plain data");
    let (kind, source, operator, origin) = (Kind::Control, Source::Http, "", None);
    let mut parcel = Parcel::default();
    let received_at = now();
    let record = Record { kind, source, operator, received_at, origin, body: &body };
    parcel.add(None, &record, None);
    // Nobody hears of the record's own outcome where its partition is the one that stands.
    service.submit(parcel).await?;
    service.counters.commands.increment(1);
    let patience = Duration::from_millis(service.settings.wait_ms);
    let goes_on = async {
        while stands_at(&service, place).await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok::<_, Problem>(())
    };
    tokio::time::timeout(patience, goes_on).await.map_err(|_| not_yet())??;
    Ok(respond(StatusCode::OK, &Skipped { skipped: place.into() }))
}

async fn stands_at(service: &Service, place: Place) -> Result<bool, Problem> {
    let standing = service.whole_status().await?.standing;
    Ok(standing.iter().any(|standing| standing.place == place.into()))
}

const KINDS: [(&str, Kind); 2] = [("wagers", Kind::Wager), ("events", Kind::GameEvent)];

/// Takes in lines of a file: wagers of any operators, or game events of the one that the header names.
pub(crate) async fn ingest(call: Call) -> Result<Response, Problem> {
    let kind = call.parameters.choice("kind", Kind::Wager, &KINDS)?;
    // A wager from a file names its own operator, and the fold says whether it is known.
    let operator = match kind {
        Kind::GameEvent => Some(call.named_operator()?),
        Kind::Wager | Kind::Command | Kind::Control => None,
    };
    take_in(Way { kind, source: Source::File, operator }, call).await
}
