//! An operator's catalogue of rewards.

pub(crate) mod stock;
mod wanted;

use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::outcome::Declined;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::rewards::{FROM_BEHAVIOUR, ID_BYTES_MAX, Reward};
use accolade_wire::control::Control;
use accolade_wire::reward::{RewardLimit, RewardTerms, RewardValue};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::wanted::Wanted;
use self::wanted::{LimitShape, ValueShape};
use crate::asked::Asked;
use crate::call::Call;
use crate::dry_run::respond_to_change;
use crate::fields::{check_id, malformed};
use crate::principal::Known;
use crate::problem::{Problem, Refusal, not_yet};
use crate::requests::unless_empty;
use crate::service::Service;
use crate::shapes::{Exact, ExactPoints, Time, respond};

/// How often a change is tried while others change the same reward.
const TRIES: usize = 5;

/// A reward.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reward)]
pub(crate) struct RewardShape {
    id: String,
    name: String,
    description: String,
    #[schema(required)]
    picture: Option<String>,
    points: ExactPoints,
    kind: String,
    #[schema(required)]
    value: Option<ValueShape>,
    #[schema(required)]
    from: Option<Time>,
    #[schema(required)]
    until: Option<Time>,
    tiers: Vec<String>,
    segments: Vec<String>,
    jurisdictions: Vec<String>,
    #[schema(required)]
    limit: Option<LimitShape>,
    stocked: bool,
    withdrawn: bool,
}

impl RewardShape {
    fn of(terms: &RewardTerms) -> Self {
        let RewardTerms { id, name, description, picture, kind, .. } = terms.clone();
        let RewardTerms { value, tiers, segments, jurisdictions, .. } = terms.clone();
        let [from, until] =
            [terms.from, terms.until].map(|at| at.map(|at| Time(Timestamp::from_micros(at))));
        Self {
            id,
            name,
            description,
            picture: unless_empty(picture),
            points: Exact(Points::from_hundredths(terms.points).unwrap_or(Points::ZERO)),
            kind,
            value: value.map(|RewardValue { amount, currency }| ValueShape { amount, currency }),
            from,
            until,
            tiers,
            segments,
            jurisdictions,
            limit: terms.limit.map(|RewardLimit { count, per }| LimitShape { count, per }),
            stocked: terms.stocked,
            withdrawn: terms.withdrawn,
        }
    }
}

/// All rewards that are not withdrawn, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rewards)]
pub(crate) struct RewardsShape {
    items: Vec<RewardShape>,
}

/// What was said of a reward.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RewardSaid)]
pub(crate) struct SaidShape {
    at: Time,
    who: String,
    reward: RewardShape,
}

/// All that was said of a reward, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RewardHistory)]
pub(crate) struct HistoryShape {
    items: Vec<SaidShape>,
}

/// The rewards that are not withdrawn, oldest first.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let operator = call.service.operator(&call.operator())?;
    let live = operator.rewards.all().filter(|reward| !reward.terms().withdrawn);
    let items = live.map(|reward| RewardShape::of(reward.terms())).collect();
    Ok(respond(StatusCode::OK, &RewardsShape { items }))
}

/// One reward, withdrawn or not.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let reward = call.service.reward(&call.operator(), &call.name())?;
    Ok(respond(StatusCode::OK, &RewardShape::of(reward.terms())))
}

/// What was said of a reward, by whom and when.
pub(crate) async fn history(call: Call) -> Result<Response, Problem> {
    let reward = call.service.reward(&call.operator(), &call.name())?;
    let items = reward.said().iter().map(|said| SaidShape {
        at: Time(said.since.time),
        who: said.terms.who.clone(),
        reward: RewardShape::of(&said.terms),
    });
    Ok(respond(StatusCode::OK, &HistoryShape { items: items.collect() }))
}

/// Makes a reward.
pub(crate) async fn add(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let wanted = Wanted::read(asked.body())?;
    wanted.id.as_deref().map_or(Ok(()), |id| check_id(id, ID_BYTES_MAX, &[]))?;
    let (operator, who) = (asked.operator.id.to_string(), asked.subject.to_string());
    // Whatever is wrong with it is said before its idempotency key stands for it.
    wanted.clone().terms(&operator, String::new(), &who)?;
    asked.service.needs_behaviour(FROM_BEHAVIOUR, "rewards")?;
    let claimed = asked.claim().await?;
    let fresh = || claimed.clone().unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let id = wanted.id.clone().unwrap_or_else(|| format!("reward-{}", fresh()));
    let terms = wanted.terms(&operator, id.clone(), &who)?;
    if let Some(reward) = asked.find_reward(&id)? {
        return asked.reward_made_before(&reward, &terms, claimed.is_some());
    }
    let control = Control::Reward(terms.clone());
    if asked.is_dry {
        let reward = asked.reward_would(&control, &id).await?;
        return Ok(asked.answer_reward(StatusCode::OK, &reward));
    }
    match asked.service.control(&control).await {
        Ok(made) => made.ok_or_else(not_yet).map(drop)?,
        // The same request at the same time, or at a node that is ahead of this one.
        Err(problem) if problem.refusal == Refusal::Stale => {
            let reward = asked.reward_once(&id, |_| true).await?;
            return asked.reward_made_before(&reward, &terms, claimed.is_some());
        }
        Err(problem) => return Err(problem),
    }
    let reward = asked.reward_once(&id, |_| true).await?;
    Ok(asked.answer_reward(StatusCode::CREATED, &reward))
}

/// Changes what a request names of a reward, or withdraws it.
pub(crate) async fn change(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let wanted = Wanted::read(asked.body())?;
    if wanted.id.as_ref().is_some_and(|id| *id != asked.name) {
        return Err(malformed("/id", "an id is never changed"));
    }
    let reward = asked.find_reward(&asked.name)?.ok_or_else(missing)?;
    wanted.clone().change(&mut (**reward.terms()).clone())?;
    asked.service.needs_behaviour(FROM_BEHAVIOUR, "rewards")?;
    asked.claim().await?;
    for _ in 0..TRIES {
        let reward = asked.find_reward(&asked.name)?.ok_or_else(missing)?;
        let mut terms = (**reward.terms()).clone();
        wanted.clone().change(&mut terms)?;
        if terms == **reward.terms() {
            return Ok(asked.answer_reward(StatusCode::OK, &reward));
        }
        if reward.terms().withdrawn {
            return Err(Declined::RewardWithdrawn.into());
        }
        terms.edited_from = reward.edited_from();
        terms.who = asked.subject.to_string();
        let control = Control::Reward(terms);
        if asked.is_dry {
            let reward = asked.reward_would(&control, &asked.name).await?;
            return Ok(asked.answer_reward(StatusCode::OK, &reward));
        }
        let is_later = |later: &Reward| later.edited_from() > reward.edited_from();
        match asked.service.control(&control).await {
            Ok(made) => {
                made.ok_or_else(not_yet)?;
                let reward = asked.reward_once(&asked.name, is_later).await?;
                return Ok(asked.answer_reward(StatusCode::OK, &reward));
            }
            Err(problem) if problem.refusal == Refusal::Stale => {
                asked.reward_once(&asked.name, is_later).await?;
            }
            Err(problem) => return Err(problem),
        }
    }
    Err(Problem::new(Refusal::Busy, "others change the same reward all the time: ask again"))
}

fn missing() -> Problem {
    Problem::not_found("reward")
}

impl Service {
    /// A reward of an operator, withdrawn or not.
    pub(crate) fn reward(&self, operator: &Known, id: &str) -> Result<Arc<Reward>, Problem> {
        self.operator(operator)?.rewards.get(id).cloned().ok_or_else(missing)
    }
}

impl Asked {
    fn find_reward(&self, id: &str) -> Result<Option<Arc<Reward>>, Problem> {
        Ok(self.service.operator(&self.operator)?.rewards.get(id).cloned())
    }

    /// The reward, once this node knows what is asked of it.
    async fn reward_once(
        &self,
        id: &str,
        is_it: impl Fn(&Reward) -> bool,
    ) -> Result<Arc<Reward>, Problem> {
        let look = || self.find_reward(id).ok().flatten().filter(|reward| is_it(reward));
        self.service.once(look).await
    }

    async fn reward_would(&self, control: &Control, id: &str) -> Result<Arc<Reward>, Problem> {
        let (rules, _) = self.service.rules_would(control).await?;
        let operator = rules.operator(&self.operator.id);
        let reward = operator.and_then(|operator| operator.rewards.get(id)).cloned();
        reward.ok_or_else(not_yet)
    }

    /// The reward that the same request has made, if it was that.
    fn reward_made_before(
        &self,
        reward: &Reward,
        terms: &RewardTerms,
        is_claimed: bool,
    ) -> Result<Response, Problem> {
        if !is_claimed || *reward.said()[0].terms != *terms {
            let detail = "the operator has, or had, a reward of this id already";
            return Err(Problem::new(Refusal::RewardExists, detail));
        }
        Ok(self.answer_reward(self.made_status(), reward))
    }

    fn answer_reward(&self, status: StatusCode, reward: &Reward) -> Response {
        respond_to_change(status, &RewardShape::of(reward.terms()), self.is_dry)
    }
}
