//! The binary `accolade`: arguments, configuration, commands and the wiring of a node.
//!
//! Every command but `serve`, `demo` and `bench` is a request to a node: by its API to one elsewhere, by its local
//! interface to the one that runs on the data directory, or to one started in process for as long as the command
//! takes.

#[cfg(feature = "cluster")]
mod adopt;
mod arguments;
mod audit;
mod audit_config;
mod behaviour;
mod bench;
mod client;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "cluster")]
mod cluster_config;
mod completions;
mod config;
mod contexts;
mod dead_letters;
mod demo;
mod doctor;
mod explain;
mod failure;
mod first_key;
#[cfg(any(feature = "cluster", feature = "postgres", feature = "redis"))]
mod following;
mod game;
mod hosting;
mod http_config;
mod ingest;
mod key;
mod ledger;
mod limits;
mod logs;
mod memory;
mod objects;
mod operator;
mod player;
mod positions;
#[cfg(feature = "postgres")]
mod postgres_config;
mod program;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod projection;
#[cfg(feature = "cluster")]
mod publishing;
#[cfg(feature = "redis")]
mod redis_config;
mod remote;
mod restore;
mod reward;
mod roles;
mod serve;
mod shapes;
mod signal;
mod status;
mod summary;
mod taken_out;
mod target;
mod terminal;
mod topic;
mod tournament;
mod traces_config;
mod trying;
mod webhook;
mod webhooks_config;

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};

use crate::arguments::{Arguments, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a command ended that did what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All is well.
    Well,
    /// The answer is no: a check failed, or something was refused.
    Badly,
}

fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let mut arguments = match Arguments::from_arg_matches_mut(&mut matches.clone()) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    arguments.place.note_flags(&matches);
    match run(arguments) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Badly) => ExitCode::FAILURE,
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(failure::code(&error))
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<Ended> {
    limits::raise();
    let mut arguments = arguments;
    let is_of_another = arguments.place.names_a_node_elsewhere();
    if let Some(why) = arguments.command.only_here().filter(|_| is_of_another) {
        anyhow::bail!("this command {why}: it takes neither `--url` nor `--context`");
    }
    // Such a command is of this machine, whatever context is in use.
    arguments.place.is_here |= arguments.command.only_here().is_some();
    if let Command::Bench(bench) = arguments.command {
        return bench::run(&arguments.place, bench).map(|()| Ended::Well);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(dispatch(arguments));
    // Threads that end beside the process would use what libraries have put away by then. Reading standard input may
    // block for ever; nobody waits for that.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<Ended> {
    let Arguments { place, command } = arguments;
    match command {
        Command::Serve(serve) => serve::run(&place, serve).await,
        Command::Demo(demo) => demo::run(place.data_dir, demo).await,
        Command::Ingest(ingest) => ingest::run(&place, ingest).await,
        Command::Operator(operator) => operator::run(&place, operator).await,
        Command::Key(key) => key::run(&place, key).await,
        Command::Summary(summary) => summary::run(&place, summary).await,
        Command::Webhook(webhook) => webhook::run(&place, webhook).await,
        Command::Signal(signal) => signal::run(&place, signal).await,
        Command::Reward(reward) => reward::run(&place, reward).await,
        Command::Tournament(tournament) => tournament::run(&place, tournament).await,
        Command::Game(game) => game::run(&place, game).await,
        Command::Player(player) => player::run(&place, player).await,
        Command::Ledger(ledger) => ledger::run(&place, ledger).await,
        Command::Roles(roles) => roles::run(&roles),
        Command::Program(program) => program::run(&place, program).await,
        Command::Topic(topic) => topic::run(&place, topic).await,
        Command::Explain(explain) => explain::run(&place, explain).await,
        Command::Audit(audit) => audit::run(&place, audit).await,
        #[cfg(any(feature = "postgres", feature = "redis"))]
        Command::Projection(projection) => projection::run(&place, projection).await,
        Command::Restore(restore) => restore::run(&place, restore).await,
        #[cfg(feature = "cluster")]
        Command::Cluster(cluster) => adopt::run(&place, cluster).await,
        Command::Behaviour(behaviour) => behaviour::run(&place, behaviour).await,
        Command::DeadLetters(letters) => dead_letters::run(&place, letters).await,
        Command::Skip(skip) => status::skip(&place, skip).await,
        Command::Doctor(doctor) => doctor::run(&place, doctor).await,
        Command::Status(status) => status::run(&place, status).await,
        Command::Context(contexts) => contexts::run(&place, contexts),
        Command::Config(config) => config::run(&place, &config),
        Command::Completions(completions) => completions::run(&completions),
        Command::Bench(bench) => bench::run(&place, bench).map(|()| Ended::Well),
    }
}
