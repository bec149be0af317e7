//! Nodes with something of everything, and for each route a request that it answers.

use std::cell::{Cell, RefCell};

use accolade_engine::contract::gifts::GIFTS_THIRD;
use accolade_server::roles::Role;
use accolade_server::routes::Listed;
use accolade_server::{Lent, Settings};
use accolade_wire::identity::partition_of;
use accolade_wire::record::Kind;
use serde_json::{Value, json};

use crate::cluster::fake::{A, B, Cluster};
use crate::harness::{
    Answer, Api, Ask, OPERATOR, PROGRAM, ask, days_ago, game_event, now_micros, time, wager,
};
use crate::oidc::issuer::{Issuer, Pair, header};

/// Nothing is sent to it: it is of this machine.
const WEBHOOK: &str = "https://localhost:1/hooks";
/// Whoever has staked anything has risen.
const TIERS: &str = "\
tiers:
  window: { rolling: 30d }
  levels: [ { name: bronze, from: 0 }, { name: silver, from: 1 } ]
";
/// Letters of each player, all to be used up.
const LETTERS: usize = 24;

/// Beyond this, adjustments wait.
const ADJUSTMENTS: &str = "adjustments: { approvalAbove: 1000 }\n";
/// From the second on, the points of wagers are held.
const SIGNALS: &str =
    "signals: [ { name: often, kind: velocity, over: { wagers: 1, within: 12h }, hold: true } ]\n";
/// So far ahead is the start of a tournament, which is scheduled before.
const STARTS_IN_MICROS: i64 = 2_000_000;

/// Adjustments of each player that wait, all to be used up; no more may.
const WAITING: usize = 16;

enum Form {
    Embedded(Api),
    Clustered(Cluster),
}

/// A node, or two that share partitions.
pub(super) struct World {
    form: Form,
    issuer: Issuer,
    pair: Pair,
    other_key: String,
    description: Value,
    /// Dead letters that are open, of the player that each node asks about.
    letters: [RefCell<Vec<String>>; 2],
    /// Of each node, a key to be rotated and one to be revoked.
    keys: [RefCell<Vec<String>>; 2],
    /// Of each node, a webhook to be changed and one to be deleted.
    webhooks: [RefCell<Vec<String>>; 2],
    /// Of each node, something that webhooks are told.
    deliveries: [RefCell<String>; 2],
    /// Redemptions that are open, and adjustments that wait, of the player that each node asks about.
    reserved: [RefCell<Vec<String>>; 2],
    waiting: [RefCell<Vec<String>>; 2],
    /// Signals whose points are held, of the player that each node asks about.
    raised: [RefCell<Vec<String>>; 2],
    latest: Cell<u32>,
    made: Cell<usize>,
}

async fn issuer() -> (Issuer, Pair) {
    let pair = Pair::es256("first");
    (Issuer::start(&[&pair]).await, pair)
}

/// With a key to seal secrets with.
fn settings(issuer: &Issuer) -> Settings {
    let sealing_key = crate::webhooks::settings().sealing_key;
    Settings { sealing_key, portal: crate::portal::built(), ..issuer.settings() }
}

/// Of a partition of the other node.
fn player_for(node: usize) -> String {
    named("player", if node == A { 2 } else { 0 })
}

/// Of the same partition: who has won something.
fn racer_for(node: usize) -> String {
    named("player-racer", if node == A { 2 } else { 0 })
}

/// A name of a partition.
fn named(kind: &str, partition: u16) -> String {
    let mut names = (0..).map(|number| format!("{kind}-{number}"));
    names.find(|name| partition_of(name, 4) == partition).unwrap()
}

impl World {
    pub(super) async fn embedded() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // The release before it has begun the log: there is a behaviour to switch to.
        let begun = Api::open(directory, Settings::default(), |_| ()).stop();
        let (issuer, pair) = issuer().await;
        let mut api =
            Api::open(begun, settings(&issuer), |options| options.behaviours = GIFTS_THIRD);
        api.key = api.add_operator(OPERATOR, 0).await;
        Self::of(Form::Embedded(api.with_program().await), issuer, pair).await
    }

    pub(super) async fn clustered() -> Self {
        let (issuer, pair) = issuer().await;
        let cluster = Cluster::knowing_with([GIFTS_THIRD; 2], || settings(&issuer)).await;
        Self::of(Form::Clustered(cluster), issuer, pair).await
    }

    async fn of(form: Form, issuer: Issuer, pair: Pair) -> Self {
        let mut world = Self {
            form,
            issuer,
            pair,
            other_key: String::new(),
            description: Value::Null,
            letters: [RefCell::default(), RefCell::default()],
            keys: [RefCell::default(), RefCell::default()],
            reserved: [RefCell::default(), RefCell::default()],
            waiting: [RefCell::default(), RefCell::default()],
            raised: [RefCell::default(), RefCell::default()],
            webhooks: [RefCell::default(), RefCell::default()],
            deliveries: [RefCell::default(), RefCell::default()],
            latest: Cell::new(1),
            made: Cell::new(0),
        };
        world.other_key = world.api(A).add_operator("operator-555", 0).await;
        world.settle().await;
        let tiers =
            json!({ "why": "tiers", "program": format!("{PROGRAM}{TIERS}{ADJUSTMENTS}{SIGNALS}") });
        world.publish(A, &tiers).await;
        for node in world.nodes() {
            for role in Role::ALL.into_iter().filter(|role| *role != Role::Administrator) {
                let player = role.is_of_one_player().then(|| player_for(node));
                let lent = Lent { role, operators: vec![OPERATOR.to_owned()], player };
                // The owner of what is asked for never sees it.
                world.api(node).service.lend(&key(role, node), lent);
            }
            world.live(node).await;
        }
        world.race().await;
        let described = world.api(A).send_bare(ask("GET", "/api/v1/openapi.json")).await;
        world.description = described.json;
        world
    }

    /// Something of everything, of the player that `node` asks about.
    async fn live(&self, node: usize) {
        let player = player_for(node);
        let api = self.api(node);
        let mut wagers = vec![wager(&format!("w-{player}"), &player)];
        for number in 0..LETTERS {
            let mut late = wager(&format!("late-{player}-{number}"), &player);
            late["timestamp"] = days_ago(10).into();
            wagers.push(late);
        }
        wagers.extend((0..3).map(|number| wager(&format!("held-{player}-{number}"), &player)));
        let answer = api.post("/api/v1/wagers?wait=applied", &wagers.into()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let explained = api.get(&format!("/api/v1/wagers/w-{player}/explanation")).await.json;
        let [partition, batch, slot] =
            ["partition", "batch", "slot"].map(|name| explained["place"][name].clone());
        // The entry is number 0, and the notice the next.
        *self.deliveries[node].borrow_mut() = format!("{partition}-{batch}-{slot}-1");
        let event = game_event(Some(&format!("e-{player}")), &player);
        let answer = api.post("/api/v1/events?wait=applied", &event).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let letters = api.get("/api/v1/dead-letters?limit=500").await;
        let own = letters.json["items"].as_array().unwrap().iter();
        let own = own.filter(|letter| letter["original"].as_str().unwrap().contains(&player));
        let ids = own.map(|letter| letter["id"].as_str().unwrap().to_owned());
        self.letters[node].borrow_mut().extend(ids);
        assert_eq!(self.letters[node].borrow().len(), LETTERS);
        for _ in 0..3 {
            let body = json!({ "points": 0.5 });
            let made = api.post(&self.path("reserveRedemption", node), &body).await;
            assert_eq!(made.status, 200, "{made:?}");
            self.reserved[node].borrow_mut().push(made.json["id"].as_str().unwrap().to_owned());
        }
        let mut reward = self.body("addReward", node).unwrap();
        reward["id"] = json!(player);
        reward["stocked"] = json!(true);
        assert_eq!(api.post("/api/v1/rewards", &reward).await.status, 201);
        for id in ["later", "live", "gone", ""] {
            let id = if id.is_empty() { player.clone() } else { format!("{id}-{player}") };
            let mut body = self.body("addTournament", node).unwrap();
            body["id"] = json!(id);
            if id == player {
                (body["optIn"], body["participantsMax"]) = (true.into(), 5.into());
            }
            if id.starts_with("gone") {
                body["optIn"] = true.into();
            }
            if id.starts_with("live") {
                body["starts"] = time(now_micros() + STARTS_IN_MICROS).into();
                body["ends"] = time(now_micros() + 86_400_000_000).into();
                body["public"] = true.into();
            }
            let made = api.post("/api/v1/tournaments", &body).await;
            assert_eq!(made.status, 201, "{made:?}");
            let path = format!("/api/v1/tournaments/{id}/schedule");
            let scheduled = api.post(&path, &json!({})).await;
            assert_eq!(scheduled.status, 200, "{scheduled:?}");
        }
        self.settle().await;
        for id in [player.clone(), format!("gone-{player}")] {
            let body = json!({ "tournamentId": id, "optIn": "in" });
            let request = ask("PUT", &self.path("putOptIn", node)).json(&body);
            let answer = api.send(request).await;
            assert_eq!((answer.status.as_u16(), &answer.json["state"]), (200, &json!("in")));
        }
        for _ in 0..2 {
            let body = self.body("restockReward", node).unwrap();
            let stocked = api.post(&self.path("restockReward", node), &body).await;
            assert_eq!(stocked.status, 200, "{stocked:?}");
        }
        for _ in 0..WAITING {
            let body = json!({ "points": 1000.01, "why": "a test" });
            let made = api.post(&self.path("adjustBalance", node), &body).await;
            assert_eq!((made.status.as_u16(), &made.json["state"]), (200, &json!("waiting")));
            self.waiting[node].borrow_mut().push(made.json["id"].as_str().unwrap().to_owned());
        }
        let raised = api.get(&self.path("listSignals", node)).await;
        let raised = raised.json["items"].as_array().unwrap().iter();
        let ids = raised.map(|signal| signal["id"].as_str().unwrap().to_owned());
        self.raised[node].borrow_mut().extend(ids);
        assert_eq!(self.raised[node].borrow().len(), 3);
        for name in ["rotated", "revoked"] {
            let key = json!({ "name": name, "roles": ["support"] });
            let made = api.post("/api/v1/keys", &key).await;
            assert_eq!(made.status, 201, "{made:?}");
            self.keys[node].borrow_mut().push(made.json["id"].as_str().unwrap().to_owned());
            let made = api.post("/api/v1/webhooks", &json!({ "url": WEBHOOK })).await;
            assert_eq!(made.status, 201, "{made:?}");
            self.webhooks[node].borrow_mut().push(made.json["id"].as_str().unwrap().to_owned());
        }
        self.settle().await;
    }

    /// A player beside those that nodes ask about.
    pub(super) const ANOTHER: &str = "another";

    /// What every list needs for a second page.
    pub(super) async fn write_more(&self) {
        for node in self.nodes() {
            let api = self.api(node);
            let own = player_for(node);
            let wagers = [(&*own, 1), (&own, 2), (Self::ANOTHER, 1), (Self::ANOTHER, 2)];
            for (player, number) in wagers {
                api.wager(&wager(&format!("more-{player}-{number}"), player)).await;
            }
            for _ in 0..2 {
                self.publish(node, &self.body("publishVersion", node).unwrap()).await;
            }
            // Of a partition that this node has.
            let player = player_for(B - node);
            for _ in 0..2 {
                api.take_from_kafka(Kind::Wager, "", b"{}", &player).await;
            }
        }
        self.settle().await;
    }

    /// How somebody of a role says so: by a key, and by a token of an issuer.
    pub(super) fn bearers(&self, role: Role, node: usize) -> [String; 2] {
        let player = role.is_of_one_player().then(|| player_for(node));
        let claims = self.issuer.claims(&format!("the {}s", role.code()), player.as_deref());
        let token = self.pair.sign(&header(&self.pair).to_string(), &claims.to_string());
        [bearer(role, node), format!("Bearer {token}")]
    }

    pub(super) const fn form(&self) -> &'static str {
        match self.form {
            Form::Embedded(_) => "embedded",
            Form::Clustered(_) => "cluster",
        }
    }

    pub(super) const fn cluster(&self) -> Option<&Cluster> {
        match &self.form {
            Form::Embedded(_) => None,
            Form::Clustered(cluster) => Some(cluster),
        }
    }

    pub(super) fn nodes(&self) -> Vec<usize> {
        if self.cluster().is_some() { vec![A, B] } else { vec![A] }
    }

    pub(super) const fn api(&self, node: usize) -> &Api {
        match &self.form {
            Form::Embedded(api) => api,
            Form::Clustered(cluster) => cluster.both()[node],
        }
    }

    pub(super) fn forwarded(&self) -> [usize; 2] {
        match &self.form {
            Form::Embedded(_) => [0; 2],
            Form::Clustered(cluster) => cluster.forwarded(),
        }
    }

    /// Of each node a tournament that is over, in which somebody has won what waits for approval, and one in which
    /// something came late.
    async fn race(&self) {
        let starts = now_micros() + 600_000;
        let races = ["won", "again"].into_iter();
        let races = races.flat_map(|kind| self.nodes().into_iter().map(move |node| (kind, node)));
        for (kind, node) in races {
            let mut body = self.body("addTournament", node).unwrap();
            let more = json!({
                "id": format!("{kind}-{}", player_for(node)), "starts": time(starts),
                "ends": time(starts + 400_000), "graceSeconds": 0, "approval": kind == "won",
                "prizes": [{ "from": 1, "points": 5 }],
                "query": format!(
                    "SELECT playerId, SUM(wagerAmount * CASE WHEN playerId = '{}' THEN 9 ELSE 1 END) FROM wagers \
                     WHERE playerId LIKE 'player-racer-%' GROUP BY playerId",
                    racer_for(node)
                ),
            });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let made = self.api(node).post("/api/v1/tournaments", &body).await;
            assert_eq!(made.status, 201, "{made:?}");
            let path = format!("/api/v1/tournaments/{kind}-{}/schedule", player_for(node));
            assert_eq!(self.api(node).post(&path, &json!({})).await.status, 200);
        }
        for round in 0.. {
            // Time passes where something comes.
            for partition in 0..4 {
                let player = named("player-racer", partition);
                let mut wager = wager(&format!("race-{partition}-{round}"), &player);
                wager["timestamp"] = time(now_micros()).into();
                let answer = self.api(A).post("/api/v1/wagers?wait=applied", &wager).await;
                assert_eq!(answer.status, 200, "{answer:?}");
            }
            let mut are_over = true;
            for node in self.nodes() {
                let path = format!("/api/v1/tournaments/won-{}/results", player_for(node));
                let results = self.api(node).get(&path).await;
                let items = results.json["items"].as_array();
                are_over &= items.is_some_and(|items| items.len() > 1);
                let path = format!("/api/v1/tournaments/again-{}/results", player_for(node));
                are_over &= self.api(node).get(&path).await.json["paidAt"].is_string();
            }
            if are_over {
                for node in self.nodes() {
                    let mut late = wager(&format!("late-{node}"), &racer_for(node));
                    late["timestamp"] = time(starts).into();
                    let answer = self.api(node).post("/api/v1/wagers?wait=applied", &late).await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                }
                return self.settle().await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn settle(&self) {
        if let Form::Clustered(cluster) = &self.form {
            cluster.agree().await;
        }
    }

    /// What the logs hold.
    pub(super) async fn state(&self) -> Vec<[u64; 4]> {
        self.settle().await;
        let mut state = Vec::new();
        for node in self.nodes() {
            state.push(self.api(node).batches().await);
        }
        state
    }

    pub(super) fn other_key(&self) -> &str {
        &self.other_key
    }

    /// A name that was not used before.
    fn fresh(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("fresh-{}", self.made.get())
    }

    /// A path that leads somewhere; with methods that change, to what can be changed.
    pub(super) fn path(&self, id: &str, node: usize) -> String {
        let partitions = if node == A { "0,1" } else { "2,3" };
        let player = player_for(node);
        let letter = || self.letters[node].borrow().last().unwrap().clone();
        let waiting = || self.waiting[node].borrow().last().unwrap().clone();
        match id {
            "takeInWagers" => "/api/v1/wagers".into(),
            "takeInEvents" => "/api/v1/events".into(),
            "getEvent" => format!("/api/v1/events/e-{player}"),
            "explainWager" => format!("/api/v1/wagers/w-{player}/explanation"),
            "getBalance" => format!("/api/v1/players/{player}/balance"),
            "getLedger" => format!("/api/v1/players/{player}/ledger"),
            "getStatistics" => format!("/api/v1/players/{player}/stats"),
            "getConsent" | "putConsent" => format!("/api/v1/players/{player}/consent"),
            "reserveRedemption" | "listRedemptions" => {
                format!("/api/v1/players/{player}/redemptions")
            }
            "exportPlayer" => format!("/api/v1/players/{player}/export"),
            "exportLedger" => "/api/v1/ledger?from=2020-01-01T00:00:00Z".into(),
            "findRedemptions" => "/api/v1/redemptions".into(),
            "findAdjustments" => "/api/v1/adjustments".into(),
            "getRedemption" => format!("/api/v1/redemptions/{}", self.reserved[node].borrow()[0]),
            "confirmRedemption" => {
                format!("/api/v1/redemptions/{}/confirm", self.reserved[node].borrow()[1])
            }
            "cancelRedemption" => {
                format!("/api/v1/redemptions/{}/cancel", self.reserved[node].borrow()[2])
            }
            "listRewards" | "addReward" => "/api/v1/rewards".into(),
            // Called as the player, so that its stock lies with the same node.
            "getReward" | "changeReward" => format!("/api/v1/rewards/{player}"),
            "getRewardHistory" => format!("/api/v1/rewards/{player}/history"),
            "getRewardStock" | "restockReward" => format!("/api/v1/rewards/{player}/stock"),
            "listTournaments" | "addTournament" => "/api/v1/tournaments".into(),
            "validateTournament" => "/api/v1/tournaments/validate".into(),
            "beginDryRun" => "/api/v1/tournaments/dry-run".into(),
            "beginDryRunOf" => format!("/api/v1/tournaments/later-{player}/dry-run"),
            "getDryRun" | "cancelDryRun" => "/api/v1/tournament-dry-runs/none".into(),
            "listTournamentTemplates" => "/api/v1/tournament-templates".into(),
            "getTournament" | "changeTournament" => {
                format!("/api/v1/tournaments/later-{player}")
            }
            "scheduleTournament" => format!("/api/v1/tournaments/later-{player}/schedule"),
            "endTournament" => format!("/api/v1/tournaments/live-{player}/end"),
            "cancelTournament" => format!("/api/v1/tournaments/gone-{player}/cancel"),
            "getTournamentResults" => format!("/api/v1/tournaments/won-{player}/results"),
            "approveTournament" => format!("/api/v1/tournaments/won-{player}/approve"),
            // What it changes goes on after it was answered.
            "resettleTournament" => {
                format!("/api/v1/tournaments/again-{player}/resettle?dryRun=true")
            }
            "changePrize" => format!("/api/v1/players/{}/prizes", racer_for(node)),
            // Called as the player, so that its seats lie with the same node.
            "getSeats" => format!("/api/v1/tournaments/{player}/seats"),
            "listOptIns" | "putOptIn" => format!("/api/v1/players/{player}/tournaments"),
            "getLeaderboard" => format!("/api/v1/tournaments/live-{player}/leaderboard"),
            "getGameLeaderboard" => "/api/v1/games/game-001/leaderboard".into(),
            "compareTournament" => format!("/api/v1/tournaments/live-{player}/comparison"),
            "watchLeaderboard" => format!("/api/v1/tournaments/live-{player}/leaderboard/stream"),
            "watchLive" => "/api/v1/live".into(),
            "getPublicTournament" => {
                format!("/api/v1/public/tournaments/live-{player}?operatorId={OPERATOR}")
            }
            "getPublicLeaderboard" => {
                format!(
                    "/api/v1/public/tournaments/live-{player}/leaderboard?operatorId={OPERATOR}"
                )
            }
            "watchPublicLeaderboard" => format!(
                "/api/v1/public/tournaments/live-{player}/leaderboard/stream?operatorId={OPERATOR}"
            ),
            "showLeaderboard" => format!("/play/live-{player}?operatorId={OPERATOR}"),
            "getWidget" => "/play/widget.js".into(),
            "getPlayPart" => "/play/page/page.js".into(),
            "whoAmI" => "/api/v1/whoami".into(),
            "getSignInOptions" => "/portal/sign-in/options".into(),
            "signIn" => "/portal/sign-in/token".into(),
            "leadToPortal" => "/portal".into(),
            "showPortal" => "/portal/".into(),
            "getPortalFile" => "/portal/tournaments/race".into(),
            "adjustBalance" | "listAdjustments" => {
                format!("/api/v1/players/{player}/adjustments")
            }
            "getAdjustment" => format!("/api/v1/adjustments/{}", waiting()),
            "approveAdjustment" => format!("/api/v1/adjustments/{}/approve", waiting()),
            "rejectAdjustment" => format!("/api/v1/adjustments/{}/reject", waiting()),
            "listSignals" | "raiseSignal" => format!("/api/v1/players/{player}/signals"),
            "listOpenSignals" => "/api/v1/signals".into(),
            "getSignal" => format!("/api/v1/signals/{}", self.raised[node].borrow()[0]),
            "releaseSignal" => {
                format!("/api/v1/signals/{}/release", self.raised[node].borrow()[1])
            }
            "takeSignal" => format!("/api/v1/signals/{}/take", self.raised[node].borrow()[2]),
            // Nobody is excluded here, so that all others can be asked.
            "getSelfExclusion" => format!("/api/v1/players/{player}/self-exclusion"),
            "putSelfExclusion" => format!("/api/v1/players/player-other-{player}/self-exclusion"),
            "liftSelfExclusion" => {
                format!("/api/v1/players/player-other-{player}/self-exclusion/lift")
            }
            "importOpening" => format!("/api/v1/players/player-{}/opening", self.fresh()),
            "getProgram" => "/api/v1/program".into(),
            "getProgramSchema" => "/api/v1/program/schema".into(),
            "listBudgets" => "/api/v1/program/budgets".into(),
            "listVersions" | "publishVersion" => "/api/v1/program/versions".into(),
            "getVersion" => "/api/v1/program/versions/1".into(),
            "compareVersions" => "/api/v1/program/versions/1/diff".into(),
            "rollBackToVersion" => "/api/v1/program/versions/1/rollback".into(),
            "withdrawVersion" => {
                format!("/api/v1/program/versions/{}/withdraw", self.latest.get())
            }
            "beginSimulation" => "/api/v1/program/simulations".into(),
            "getSimulation" | "cancelSimulation" => "/api/v1/program/simulations/none".into(),
            "listKeys" | "makeKey" => "/api/v1/keys".into(),
            "rotateKey" => format!("/api/v1/keys/{}/rotate", self.keys[node].borrow()[0]),
            "revokeKey" => format!("/api/v1/keys/{}", self.keys[node].borrow()[1]),
            "listWebhooks" | "makeWebhook" => "/api/v1/webhooks".into(),
            "changeWebhook" => format!("/api/v1/webhooks/{}", self.webhooks[node].borrow()[0]),
            "rotateWebhook" => {
                format!("/api/v1/webhooks/{}/rotate", self.webhooks[node].borrow()[0])
            }
            "testWebhook" => format!("/api/v1/webhooks/{}/test", self.webhooks[node].borrow()[0]),
            "deleteWebhook" => format!("/api/v1/webhooks/{}", self.webhooks[node].borrow()[1]),
            "listDeliveries" => {
                format!("/api/v1/webhooks/{}/deliveries", self.webhooks[node].borrow()[0])
            }
            "resendDelivery" => {
                format!("/api/v1/webhooks/deliveries/1-{}/resend", self.deliveries[node].borrow())
            }
            "signPlayerToken" => "/api/v1/player-tokens".into(),
            "pauseOperator" => "/local/operators/operator-555/pause".into(),
            "resumeOperator" => "/local/operators/operator-555/resume".into(),
            "getSummary" => "/api/v1/summary?by=week".into(),
            "getTotals" => "/api/v1/summary/totals".into(),
            "listAudit" => "/api/v1/audit".into(),
            "listNodes" => "/api/v1/nodes".into(),
            "listPlayerEvents" => format!("/api/v1/players/{player}/events"),
            "getTopics" => "/api/v1/topics".into(),
            "followTopic" => "/api/v1/topics/loyalty.balances?from=earliest".into(),
            "listWholeAudit" => "/local/audit".into(),
            "askAudit" => "/cluster/v1/audit?count=3".into(),
            "askToVerifyTrail" => "/cluster/v1/audit/trail".into(),
            "countDeadLetters" => "/api/v1/dead-letters/counts".into(),
            "listDeadLetters" => "/api/v1/dead-letters".into(),
            "getDeadLetter" | "repairDeadLetter" => format!("/api/v1/dead-letters/{}", letter()),
            "retryDeadLetter" => format!("/api/v1/dead-letters/{}/retry", letter()),
            // None is malformed.
            "retryManyDeadLetters" => "/api/v1/dead-letters/retry?reason=malformed".into(),
            "discardManyDeadLetters" => "/api/v1/dead-letters/discard?reason=malformed".into(),
            "retryManyLettersOfNobody" => "/local/dead-letters/retry".into(),
            "discardManyLettersOfNobody" => "/local/dead-letters/discard".into(),
            "discardDeadLetter" => format!("/api/v1/dead-letters/{}/discard", letter()),
            "healthz" => "/healthz".into(),
            "readyz" => "/readyz".into(),
            "metrics" => "/metrics".into(),
            "getDescription" => "/api/v1/openapi.json".into(),
            "showPage" => "/api/docs".into(),
            "getPagePart" => "/api/docs/swagger-initializer.js".into(),
            "getStatus" => "/local/status".into(),
            "listOperators" | "addOperator" => "/local/operators".into(),
            "makeFirstKey" => "/local/first-key".into(),
            "getBehaviour" => "/local/behaviour".into(),
            "switchBehaviour" => "/local/behaviour?dryRun=true".into(),
            "skip" => "/local/skip".into(),
            "ingest" => "/local/ingest".into(),
            "listTopics" => "/local/topics".into(),
            "tailTopic" => "/local/topics/loyalty.balances?from=earliest".into(),
            "verifyLedger" => "/local/audit/verify".into(),
            "listLettersOfNobody" => "/local/dead-letters".into(),
            "getAnyDeadLetter" | "repairAnyDeadLetter" => {
                format!("/local/dead-letters/{}", letter())
            }
            "retryAnyDeadLetter" => format!("/local/dead-letters/{}/retry", letter()),
            "discardAnyDeadLetter" => format!("/local/dead-letters/{}/discard", letter()),
            "askOutcomes" => "/cluster/v1/outcomes".into(),
            "askRecorded" => "/cluster/v1/recorded".into(),
            "askNames" => "/cluster/v1/names".into(),
            "tellUsed" => "/cluster/v1/used".into(),
            "askToSimulate" => "/cluster/v1/simulations".into(),
            "askOccurrences" => {
                format!(
                    "/cluster/v1/occurrences?partitions={partitions}&operator={OPERATOR}&id=w&kinds=wager"
                )
            }
            "askDeadLetters" => {
                format!("/cluster/v1/dead-letters?partitions={partitions}&count=1")
            }
            "askDeadLetterCounts" => {
                format!(
                    "/cluster/v1/dead-letters/counts?partitions={partitions}&operator={OPERATOR}"
                )
            }
            "askOpenRedemptions" => {
                format!("/cluster/v1/redemptions?partitions={partitions}&operator=1&count=1")
            }
            "askWaitingAdjustments" => {
                format!("/cluster/v1/adjustments?partitions={partitions}&operator=1&count=1")
            }
            "askRedemptions" | "askAdjustments" => {
                let what = if id == "askRedemptions" { "redemptions" } else { "adjustments" };
                format!("/cluster/v1/{what}/by-time?partitions={partitions}&operator=1&count=1")
            }
            "askOpenSignals" => {
                format!("/cluster/v1/signals?partitions={partitions}&operator=1&count=1")
            }
            "askSummary" => {
                format!("/cluster/v1/summary?partitions={partitions}&operator=1&from=2026-11-29")
            }
            "askTotals" => {
                format!("/cluster/v1/summary/totals?partitions={partitions}&operator=1")
            }
            "askHistory" => {
                let player = player_for(1 - node);
                format!("/cluster/v1/history?operator={OPERATOR}&player={player}")
            }
            "askLedger" => {
                format!(
                    "/cluster/v1/ledger?partitions={partitions}&operator=1&from=2020-01-01T00:00:00Z"
                )
            }
            "askBudgets" => {
                format!("/cluster/v1/budgets?partitions={partitions}&operator=1")
            }
            "askDeliveries" => {
                format!("/cluster/v1/deliveries?partitions={partitions}&operator=1&webhook=1")
            }
            "askLeaderboard" => {
                format!(
                    "/cluster/v1/leaderboard?partitions={partitions}&operator=1&tournament=1&top=1"
                )
            }
            "askPlayersBalances" => {
                format!(
                    "/cluster/v1/players/balances?partitions={partitions}&operator=1&players={player}"
                )
            }
            "askPrizes" => {
                format!(
                    "/cluster/v1/prizes?partitions={partitions}&operator=1&tournament=1&count=1"
                )
            }
            "askRemarks" => {
                format!(
                    "/cluster/v1/remarks?partitions={partitions}&operator=1&tournament=1&settlement=0"
                )
            }
            "askFillings" => {
                format!("/cluster/v1/fillings?partitions={partitions}&operator=1&tournament=1")
            }
            "askBatches" => format!("/cluster/v1/batches?partition={}", 2 * node),
            "askBalances" => format!("/cluster/v1/balances?partition={}", 2 * node),
            "askToVerify" => format!("/cluster/v1/audit/verify?partitions={}", 2 * node),
            "askStatus" => "/cluster/v1/status".into(),
            _ => panic!("the route `{id}` has no example"),
        }
    }

    fn body(&self, id: &str, node: usize) -> Option<Value> {
        let player = player_for(node);
        Some(match id {
            "takeInWagers" | "ingest" => wager(&self.fresh(), &player),
            "takeInEvents" => game_event(Some(&self.fresh()), &player),
            "putConsent" => json!({ "consent": "in" }),
            "reserveRedemption" => json!({ "points": 0.01, "item": "a test" }),
            "importOpening" => json!({ "points": 0.01 }),
            "raiseSignal" => json!({ "name": "ring", "why": self.fresh() }),
            "addReward" => json!({ "name": self.fresh(), "points": 1, "kind": "thing" }),
            "addTournament" | "validateTournament" => json!({
                "name": self.fresh(), "starts": "2040-01-01T00:00:00Z",
                "ends": "2040-01-02T00:00:00Z",
                "query": "SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId",
            }),
            "beginDryRun" => json!({
                "tournament": {
                    "name": "tried", "query": "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId",
                },
                "from": days_ago(1),
            }),
            "beginDryRunOf" => json!({ "from": days_ago(1) }),
            "endTournament" => {
                let at = time(now_micros() + 3_600_000_000);
                json!({ "at": at, "why": self.fresh() })
            }
            "compareTournament" => json!({
                "places": [{ "playerId": player, "position": 1, "score": 0.5 }, { "playerId": "nobody", "position": 2 }],
            }),
            "putOptIn" => json!({ "tournamentId": player, "optIn": "in" }),
            "changePrize" => json!({
                "tournamentId": format!("won-{}", player_for(node)), "place": 1,
                "state": "not_eligible", "why": self.fresh(),
            }),
            "restockReward" => json!({ "by": 1, "why": self.fresh() }),
            "adjustBalance" => json!({ "points": 0.01, "why": self.fresh() }),
            "publishVersion" => {
                let program = PROGRAM.replace("5000", &(6000 + self.latest.get()).to_string());
                json!({ "why": "a test", "program": program })
            }
            "rollBackToVersion" | "putSelfExclusion" | "liftSelfExclusion" | "cancelRedemption"
            | "approveAdjustment" | "rejectAdjustment" | "releaseSignal" | "takeSignal"
            | "cancelTournament" | "resettleTournament" => {
                json!({ "why": self.fresh() })
            }
            "withdrawVersion"
            | "discardDeadLetter"
            | "discardAnyDeadLetter"
            | "discardManyDeadLetters"
            | "discardManyLettersOfNobody" => {
                json!({ "why": "a test" })
            }
            "repairDeadLetter" | "repairAnyDeadLetter" => {
                json!({ "original": wager(&self.fresh(), &player).to_string() })
            }
            "beginSimulation" => json!({ "program": PROGRAM, "from": days_ago(1) }),
            "makeKey" => json!({ "name": self.fresh(), "roles": ["support"] }),
            "rotateKey" | "rotateWebhook" | "resumeOperator" | "scheduleTournament"
            | "approveTournament" => json!({}),
            "makeWebhook" => json!({ "url": WEBHOOK, "description": self.fresh() }),
            "changeReward" | "changeWebhook" | "changeTournament" => {
                json!({ "description": self.fresh() })
            }
            "signPlayerToken" => json!({ "playerId": player }),
            "signIn" => {
                let claims = self.issuer.claims("the admins", None).to_string();
                self.issuer.give_code(self.pair.sign(&header(&self.pair).to_string(), &claims))
            }
            "pauseOperator" => json!({ "why": "a test" }),
            "addOperator" => json!({ "operatorId": self.fresh() }),
            "switchBehaviour" => json!({ "number": GIFTS_THIRD[2].number }),
            "skip" => json!({ "partition": 0, "batch": 1, "slot": 1, "who": "a test" }),
            "askOutcomes" => {
                json!({ "partition": 2 * node, "source": 2, "offsets": [], "waitMs": 0 })
            }
            "askRecorded" => json!({ "places": [] }),
            "askNames" => json!({ "partition": 2 * node, "subjects": ["00".repeat(16)] }),
            "askToSimulate" => json!({
                "partition": 2 * node, "operatorId": OPERATOR, "from": 1, "to": 2, "document": "{}",
                "zone": [],
            }),
            "tellUsed" => json!({ "process": 7, "limits": [], "keysFrom": 0, "keys": [] }),
            _ => return None,
        })
    }

    /// A request that is right but for who asks.
    pub(super) fn example(&self, id: &str, node: usize) -> Ask {
        self.example_with(id, node, "")
    }

    /// The same, with more of a query.
    pub(super) fn example_with(&self, id: &str, node: usize, query: &str) -> Ask {
        let path = self.path(id, node);
        let between = if query.is_empty() {
            ""
        } else if path.contains('?') {
            "&"
        } else {
            "?"
        };
        let request = ask(method_of(id), &format!("{path}{between}{query}"));
        let request = if id == "watchLive" { request.upgrading() } else { request };
        match self.body(id, node) {
            Some(body) => request.json(&body),
            None => request,
        }
    }

    /// A request that is answered: what it needs is made first, and what it uses up is not used again.
    pub(super) async fn example_for(&self, role: Role, id: &str, node: usize) -> Ask {
        if id == "withdrawVersion" {
            let tomorrow = time(now_micros() + 86_400_000_000);
            let mut body = self.body("publishVersion", node).unwrap();
            body["effectiveFrom"] = tomorrow.into();
            self.publish(node, &body).await;
        }
        if id == "liftSelfExclusion" {
            let excluded = self.api(node).send(self.example("putSelfExclusion", node)).await;
            assert_eq!(excluded.status, 200, "{excluded:?}");
        }
        if id == "endTournament" {
            let live = format!("/api/v1/tournaments/live-{}", player_for(node));
            while self.api(node).get(&live).await.json["state"] != "live" {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        let mut request = self.example(id, node);
        if ["publishVersion", "rollBackToVersion"].contains(&id) {
            request = request.header("if-match", &self.latest.get().to_string());
            self.latest.set(self.latest.get() + 1);
        }
        if matches!(role, Role::Administrator) && method_of(id) != "GET" {
            request = request.header("idempotency-key", &self.fresh());
        }
        if uses_up(id) {
            self.letters[node].borrow_mut().pop();
        }
        if ["approveAdjustment", "rejectAdjustment"].contains(&id) {
            self.waiting[node].borrow_mut().pop();
        }
        request
    }

    async fn publish(&self, node: usize, body: &Value) {
        let request = ask("POST", "/api/v1/program/versions").json(body);
        let request = request.header("if-match", &self.latest.get().to_string());
        let answer = self.api(node).send(request).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.latest.set(self.latest.get() + 1);
        self.settle().await;
    }

    /// Checks that an answer is as the description says.
    pub(super) fn check(&self, route: Listed, answer: &Answer) {
        let operation = &self.description["paths"][route.path][route.method.to_lowercase()];
        if operation.is_null() {
            return;
        }
        let about = format!("{} {}", route.id, answer.text);
        let described = &operation["responses"][answer.status.as_str()];
        assert!(described.is_object(), "{} is not described: {about}", answer.status);
        if answer.status == 101 {
            assert!(described["content"].is_null(), "{about}");
            return;
        }
        let named = answer.headers["content-type"].to_str().unwrap().split(';').next().unwrap();
        let schema = &described["content"][named]["schema"];
        assert!(schema.is_object(), "`{named}` is not described: {about}");
        let headers = described["headers"].as_object().unwrap();
        for (header, what) in headers {
            let is_there = answer.headers.contains_key(header.to_lowercase());
            assert!(is_there || what["required"] == false, "`{header}` is missing: {about}");
        }
        for header in answer.headers.keys().filter(|name| name.as_str().starts_with("ratelimit-")) {
            let is_described =
                headers.keys().any(|name| name.eq_ignore_ascii_case(header.as_str()));
            assert!(is_described, "`{header}` is not described: {about}");
        }
        if named.ends_with("json") && !named.ends_with("ndjson") {
            let validator = validator(&self.description, schema);
            let problems: Vec<_> = validator
                .iter_errors(&answer.json)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(problems.is_empty(), "{problems:?}: {about}");
        }
    }
}

/// Of a schema within a description.
pub(super) fn validator(description: &Value, schema: &Value) -> jsonschema::Validator {
    let whole = json!({ "allOf": [schema], "components": description["components"] });
    jsonschema::draft202012::new(&whole).unwrap()
}

pub(super) fn bearer(role: Role, node: usize) -> String {
    format!("Bearer {}", key(role, node))
}

fn key(role: Role, node: usize) -> String {
    format!("{}-{node}", role.code())
}

fn method_of(id: &str) -> &'static str {
    let listed = accolade_server::routes::list().into_iter().find(|route| route.id == id);
    listed.unwrap().method
}

fn uses_up(id: &str) -> bool {
    ["retry", "discard"].iter().any(|word| id.starts_with(word)) && !id.contains("Many")
}
