//! Who may do what: the scopes that routes ask for, and the roles that have them.

use std::fmt::Write;

use crate::routes::{self, Audience};

/// The right that a route asks for. Every route says one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// None: whoever asks is answered.
    Public,
    /// What the credential itself is.
    SelfRead,
    /// Taking in wagers and voids.
    WagersWrite,
    /// Taking in game events.
    EventsWrite,
    /// What became of events and redemptions.
    EventsRead,
    /// Balances and ledgers.
    PlayersRead,
    /// The ledger of all players, to be taken out.
    LedgerRead,
    /// Letting players in and out, and excluding them.
    PlayersWrite,
    /// Reserving points.
    RedemptionsReserve,
    /// Confirming and cancelling redemptions.
    RedemptionsSettle,
    /// What people have changed, and want to.
    AdjustmentsRead,
    /// Changing balances.
    AdjustmentsWrite,
    /// Approving what others change.
    AdjustmentsApprove,
    /// Signals of players.
    SignalsRead,
    /// Deciding about the points that are held for them.
    SignalsWrite,
    /// Importing balances of the system before.
    OpeningsWrite,
    /// The program and its versions.
    ProgramRead,
    /// Publishing and withdrawing versions.
    ProgramWrite,
    /// The catalogue of rewards.
    RewardsRead,
    /// Adding, changing and withdrawing rewards, and their stocks.
    RewardsWrite,
    /// Tournaments and their leaderboards.
    TournamentsRead,
    /// Making, changing, scheduling, ending and cancelling tournaments.
    TournamentsWrite,
    /// Letting players take part in tournaments.
    TournamentsJoin,
    /// The operator's keys, without their secrets.
    KeysRead,
    /// Making, rotating and revoking keys.
    KeysWrite,
    /// Signing tokens for players.
    PlayerTokens,
    /// What could not be processed.
    DeadLettersRead,
    /// Repairing, retrying and giving that up.
    DeadLettersWrite,
    /// The operator's webhooks, without their secrets.
    WebhooksRead,
    /// Making, changing, trying and deleting webhooks.
    WebhooksWrite,
    /// What players earn, spend and still have, together.
    ReportsRead,
    /// Who did what.
    AuditRead,
    /// How all nodes are, and which partitions they have.
    NodesRead,
    /// The operator's records of topics.
    TopicsRead,
    /// How a node is, what it puts out, and whether its ledger holds.
    NodeRead,
    /// Operators, files, and what lets a node go on.
    NodeWrite,
    /// What nodes of a cluster ask each other.
    Nodes,
}

impl Scope {
    /// Those that a credential may have.
    pub const ALL: [Self; 36] = [
        Self::SelfRead,
        Self::WagersWrite,
        Self::EventsWrite,
        Self::EventsRead,
        Self::PlayersRead,
        Self::LedgerRead,
        Self::PlayersWrite,
        Self::RedemptionsReserve,
        Self::RedemptionsSettle,
        Self::AdjustmentsRead,
        Self::AdjustmentsWrite,
        Self::AdjustmentsApprove,
        Self::SignalsRead,
        Self::SignalsWrite,
        Self::OpeningsWrite,
        Self::ProgramRead,
        Self::ProgramWrite,
        Self::RewardsRead,
        Self::RewardsWrite,
        Self::TournamentsRead,
        Self::TournamentsWrite,
        Self::TournamentsJoin,
        Self::KeysRead,
        Self::KeysWrite,
        Self::PlayerTokens,
        Self::DeadLettersRead,
        Self::DeadLettersWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::ReportsRead,
        Self::AuditRead,
        Self::NodesRead,
        Self::TopicsRead,
        Self::NodeRead,
        Self::NodeWrite,
        Self::Nodes,
    ];

    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SelfRead => "self:read",
            Self::WagersWrite => "wagers:write",
            Self::EventsWrite => "events:write",
            Self::EventsRead => "events:read",
            Self::PlayersRead => "players:read",
            Self::LedgerRead => "ledger:read",
            Self::PlayersWrite => "players:write",
            Self::RedemptionsReserve => "redemptions:reserve",
            Self::RedemptionsSettle => "redemptions:settle",
            Self::AdjustmentsRead => "adjustments:read",
            Self::AdjustmentsWrite => "adjustments:write",
            Self::AdjustmentsApprove => "adjustments:approve",
            Self::SignalsRead => "signals:read",
            Self::SignalsWrite => "signals:write",
            Self::OpeningsWrite => "openings:write",
            Self::ProgramRead => "program:read",
            Self::ProgramWrite => "program:write",
            Self::RewardsRead => "rewards:read",
            Self::RewardsWrite => "rewards:write",
            Self::TournamentsRead => "tournaments:read",
            Self::TournamentsWrite => "tournaments:write",
            Self::TournamentsJoin => "tournaments:join",
            Self::KeysRead => "keys:read",
            Self::KeysWrite => "keys:write",
            Self::PlayerTokens => "player-tokens:sign",
            Self::DeadLettersRead => "dead-letters:read",
            Self::DeadLettersWrite => "dead-letters:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::ReportsRead => "reports:read",
            Self::AuditRead => "audit:read",
            Self::NodesRead => "nodes:read",
            Self::TopicsRead => "topics:read",
            Self::NodeRead => "node:read",
            Self::NodeWrite => "node:write",
            Self::Nodes => "nodes",
        }
    }

    /// Whether it is about an operator's things.
    pub const fn is_of_operators(self) -> bool {
        !matches!(self, Self::Public | Self::NodeRead | Self::NodeWrite | Self::Nodes)
    }

    /// Whether pages of browsers may ask what it opens, from origins that an operator allows: what players and their
    /// apps need, and what is anybody's. Staff have their own page, of the node's own origin.
    pub const fn is_for_pages(self) -> bool {
        match self {
            Self::Public
            | Self::SelfRead
            | Self::EventsWrite
            | Self::PlayersRead
            | Self::RedemptionsReserve
            | Self::RewardsRead
            | Self::TournamentsRead
            | Self::TournamentsJoin => true,
            Self::WagersWrite
            | Self::EventsRead
            | Self::LedgerRead
            | Self::PlayersWrite
            | Self::RedemptionsSettle
            | Self::AdjustmentsRead
            | Self::AdjustmentsWrite
            | Self::AdjustmentsApprove
            | Self::SignalsRead
            | Self::SignalsWrite
            | Self::OpeningsWrite
            | Self::ProgramRead
            | Self::ProgramWrite
            | Self::RewardsWrite
            | Self::TournamentsWrite
            | Self::KeysRead
            | Self::KeysWrite
            | Self::PlayerTokens
            | Self::DeadLettersRead
            | Self::DeadLettersWrite
            | Self::WebhooksRead
            | Self::WebhooksWrite
            | Self::ReportsRead
            | Self::NodeRead
            | Self::NodeWrite
            | Self::Nodes
            | Self::AuditRead
            | Self::NodesRead
            | Self::TopicsRead => false,
        }
    }

    /// What it lets somebody do, as a sentence goes on.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Public => "nothing that is anybody's",
            Self::SelfRead => "see whose the credential is, and what it may do",
            Self::WagersWrite => "send wagers and voids",
            Self::EventsWrite => "send game events",
            Self::EventsRead => "see events, and why wagers gave what they gave",
            Self::PlayersRead => "see balances and ledgers",
            Self::LedgerRead => "take the ledger of all players out",
            Self::PlayersWrite => "let players in and out, and exclude them",
            Self::RedemptionsReserve => "reserve points to be spent",
            Self::RedemptionsSettle => "confirm and cancel redemptions",
            Self::AdjustmentsRead => "see what people have changed balances by, and want to",
            Self::AdjustmentsWrite => "change balances, with a reason",
            Self::AdjustmentsApprove => "approve and reject what others want to change",
            Self::SignalsRead => "see which players' wagers look like abuse",
            Self::SignalsWrite => "release and take points that are held for that",
            Self::OpeningsWrite => "import balances of the system before",
            Self::ProgramRead => "see the program and its versions",
            Self::ProgramWrite => "publish and withdraw versions of the program",
            Self::RewardsRead => "see what points are redeemed for",
            Self::RewardsWrite => "add, change and withdraw rewards, and stock them",
            Self::TournamentsRead => "see tournaments and their leaderboards",
            Self::TournamentsWrite => "make, change, schedule, end and cancel tournaments",
            Self::TournamentsJoin => "let players take part in tournaments",
            Self::KeysRead => "see keys, without their secrets",
            Self::KeysWrite => "make, rotate and revoke keys",
            Self::PlayerTokens => "sign tokens for players",
            Self::DeadLettersRead => "see what could not be processed",
            Self::DeadLettersWrite => "repair, retry and give up what could not be processed",
            Self::WebhooksRead => "see webhooks, without their secrets",
            Self::WebhooksWrite => "make, change, try and delete webhooks",
            Self::ReportsRead => "see what players earn, spend and still have, together",
            Self::AuditRead => "see who did what",
            Self::NodesRead => "see how nodes are, and which partitions they have",
            Self::TopicsRead => "follow topics",
            Self::NodeRead => "see how a node is",
            Self::NodeWrite => "run a node",
            Self::Nodes => "be a node of the cluster",
        }
    }
}

const _: () =
    assert!(Scope::Nodes as usize == Scope::ALL.len(), "all but the public one are listed");

/// A set of scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u64);

impl Scopes {
    /// Those of `scopes`.
    pub const fn of(scopes: &[Scope]) -> Self {
        let (mut set, mut at) = (0_u64, 0);
        while at < scopes.len() {
            set |= 1_u64 << scopes[at] as u64;
            at += 1;
        }
        Self(set)
    }

    /// Those of all of `roles`.
    pub fn of_roles(roles: &[Role]) -> Self {
        roles.iter().fold(Self::default(), |scopes, role| scopes.and(role.scopes()))
    }

    /// Whether `scope` is among them.
    pub const fn has(self, scope: Scope) -> bool {
        matches!(scope, Scope::Public) || self.0 & (1 << scope as u64) != 0
    }

    /// Those of either.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

/// What somebody is to an operator, or to the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs the node, above all operators.
    Administrator,
    /// Has all rights for an operator.
    Admin,
    /// Writes the loyalty rules, and approves adjustments.
    Product,
    /// Answers players, lets them in and out, and puts right what went wrong.
    Support,
    /// Sees everything of an operator, and changes nothing.
    Auditor,
    /// An app that sends game events of its own player.
    Ingest,
    /// Sees what is their own, redeems their own points, and takes part in tournaments.
    Player,
}

impl Role {
    /// All roles, as the matrix shows them.
    pub const ALL: [Self; 7] = [
        Self::Administrator,
        Self::Admin,
        Self::Product,
        Self::Support,
        Self::Auditor,
        Self::Ingest,
        Self::Player,
    ];

    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Admin => "admin",
            Self::Product => "product",
            Self::Support => "support",
            Self::Auditor => "auditor",
            Self::Ingest => "ingest",
            Self::Player => "player",
        }
    }

    /// The role of this name.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// The matrix.
    pub const fn scopes(self) -> Scopes {
        use Scope as S;
        const OF_AN_OPERATOR: Scopes = Scopes::of(&[
            S::SelfRead,
            S::WagersWrite,
            S::EventsWrite,
            S::EventsRead,
            S::PlayersRead,
            S::LedgerRead,
            S::PlayersWrite,
            S::RedemptionsReserve,
            S::RedemptionsSettle,
            S::AdjustmentsRead,
            S::AdjustmentsWrite,
            S::AdjustmentsApprove,
            S::SignalsRead,
            S::SignalsWrite,
            S::OpeningsWrite,
            S::ProgramRead,
            S::ProgramWrite,
            S::RewardsRead,
            S::RewardsWrite,
            S::TournamentsRead,
            S::TournamentsWrite,
            S::TournamentsJoin,
            S::KeysRead,
            S::KeysWrite,
            S::PlayerTokens,
            S::DeadLettersRead,
            S::DeadLettersWrite,
            S::WebhooksRead,
            S::WebhooksWrite,
            S::ReportsRead,
            S::AuditRead,
            S::NodesRead,
            S::TopicsRead,
        ]);
        match self {
            Self::Administrator => OF_AN_OPERATOR.and(Scopes::of(&[S::NodeRead, S::NodeWrite])),
            Self::Admin => OF_AN_OPERATOR,
            Self::Product => Scopes::of(&[
                S::SelfRead,
                S::ProgramRead,
                S::ProgramWrite,
                S::RewardsRead,
                S::RewardsWrite,
                S::TournamentsRead,
                S::TournamentsWrite,
                S::AdjustmentsRead,
                S::AdjustmentsApprove,
                S::ReportsRead,
                S::NodesRead,
            ]),
            Self::Support => Scopes::of(&[
                S::SelfRead,
                S::EventsRead,
                S::PlayersRead,
                S::PlayersWrite,
                S::RedemptionsReserve,
                S::RedemptionsSettle,
                S::AdjustmentsRead,
                S::AdjustmentsWrite,
                S::AdjustmentsApprove,
                S::SignalsRead,
                S::SignalsWrite,
                S::ProgramRead,
                S::RewardsRead,
                S::TournamentsRead,
                S::TournamentsJoin,
                S::DeadLettersRead,
                S::NodesRead,
                S::TopicsRead,
            ]),
            Self::Auditor => Scopes::of(&[
                S::SelfRead,
                S::EventsRead,
                S::PlayersRead,
                S::LedgerRead,
                S::AdjustmentsRead,
                S::SignalsRead,
                S::ProgramRead,
                S::RewardsRead,
                S::TournamentsRead,
                S::KeysRead,
                S::DeadLettersRead,
                S::WebhooksRead,
                S::ReportsRead,
                S::AuditRead,
                S::NodesRead,
                S::TopicsRead,
            ]),
            Self::Ingest => Scopes::of(&[S::SelfRead, S::EventsWrite]),
            Self::Player => Scopes::of(&[
                S::SelfRead,
                S::PlayersRead,
                S::RedemptionsReserve,
                S::RewardsRead,
                S::TournamentsRead,
                S::TournamentsJoin,
            ]),
        }
    }

    /// Whether whoever has it is one player, and may name no other.
    pub const fn is_of_one_player(self) -> bool {
        matches!(self, Self::Ingest | Self::Player)
    }
}

/// Which role may ask which route, as a table of text.
pub fn matrix() -> String {
    let mut lines = vec![
        [vec!["route".to_owned(), "scope".to_owned()], {
            Role::ALL.map(|role| role.code().to_owned()).to_vec()
        }]
        .concat(),
    ];
    for (_, route) in routes::all().filter(|(_, route)| route.audience != Audience::Nodes) {
        let mut line = vec![format!("{} {}", route.method, route.path), route.scope.code().into()];
        line.extend(Role::ALL.map(|role| {
            let may = role.scopes().has(route.scope);
            if may { "yes".to_owned() } else { "-".to_owned() }
        }));
        lines.push(line);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        writeln!(text, "{}", line.trim_end()).expect("a text takes more text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_of_an_operator_never_runs_the_node_and_only_the_cluster_s_secret_is_a_node() {
        for role in Role::ALL {
            let scopes = role.scopes();
            let runs = scopes.has(Scope::NodeRead) || scopes.has(Scope::NodeWrite);
            assert_eq!(runs, role == Role::Administrator, "{role:?}");
            assert!(!scopes.has(Scope::Nodes) && scopes.has(Scope::Public), "{role:?}");
            assert_eq!(Role::named(role.code()), Some(role));
        }
    }

    #[test]
    fn pages_may_ask_what_a_player_and_their_app_may_and_nothing_of_staff() {
        let of_players = [Role::Ingest, Role::Player].map(Role::scopes);
        for scope in Scope::ALL {
            let is_of_players = of_players.iter().any(|scopes| scopes.has(scope));
            assert_eq!(scope.is_for_pages(), is_of_players, "{scope:?}");
        }
    }

    #[test]
    fn an_auditor_changes_nothing() {
        let scopes = Role::Auditor.scopes();
        for scope in Scope::ALL.into_iter().filter(|scope| scope.code().ends_with(":write")) {
            assert!(!scopes.has(scope), "{scope:?}");
        }
    }

    #[test]
    fn the_matrix_has_every_route_that_people_ask_and_every_role() {
        let matrix = matrix();
        let head = matrix.lines().next().unwrap();
        assert!(Role::ALL.iter().all(|role| head.contains(role.code())), "{head}");
        let line = |route: &str| matrix.lines().find(|line| line.starts_with(route)).unwrap();
        let balance = line("GET /api/v1/players/{playerId}/balance ");
        let cells: Vec<_> = balance.split_whitespace().skip(2).collect();
        assert_eq!(cells, ["players:read", "yes", "yes", "-", "yes", "yes", "-", "yes"]);
        let operators: Vec<_> = line("POST /local/operators").split_whitespace().skip(2).collect();
        assert_eq!(operators, ["node:write", "yes", "-", "-", "-", "-", "-", "-"]);
    }
}
