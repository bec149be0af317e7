//! The binary `accolade`: arguments, configuration, commands and the wiring of a node.
//!
//! Every command but `serve`, `demo` and `bench` is a request to a node's local interface: to the one
//! that runs on the data directory, or to one started in process for as long as the command takes.

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
mod config;
mod dead_letters;
mod demo;
mod doctor;
mod explain;
mod first_key;
mod hosting;
mod http_config;
mod ingest;
mod key;
mod limits;
mod logs;
mod memory;
mod objects;
mod operator;
#[cfg(feature = "postgres")]
mod postgres_config;
mod program;
#[cfg(feature = "postgres")]
mod projection;
#[cfg(feature = "cluster")]
mod publishing;
mod restore;
mod roles;
mod serve;
mod shapes;
mod status;
mod terminal;
mod topic;
mod traces_config;

use std::process::ExitCode;

use clap::Parser;

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
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Badly) => ExitCode::FAILURE,
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<Ended> {
    limits::raise();
    if let Command::Bench(bench) = arguments.command {
        return bench::run(&arguments.place, bench).map(|()| Ended::Well);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(dispatch(arguments));
    // Reading standard input may block for ever; nobody waits for it.
    runtime.shutdown_background();
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
        Command::Roles => roles::run(),
        Command::Program(program) => program::run(&place, program).await,
        Command::Topic(topic) => topic::run(&place, topic).await,
        Command::Explain(explain) => explain::run(&place, explain).await,
        Command::Audit(audit) => audit::run(&place, audit).await,
        #[cfg(feature = "postgres")]
        Command::Projection(projection) => projection::run(&place, projection).await,
        Command::Restore(restore) => restore::run(&place, restore).await,
        #[cfg(feature = "cluster")]
        Command::Cluster(cluster) => adopt::run(&place, cluster).await,
        Command::Behaviour(behaviour) => behaviour::run(&place, behaviour).await,
        Command::DeadLetters(letters) => dead_letters::run(&place, letters).await,
        Command::Skip(skip) => status::skip(&place, skip).await,
        Command::Doctor(doctor) => doctor::run(&place, doctor).await,
        Command::Status(status) => status::run(&place, status).await,
        Command::Config(config) => config::run(&config),
        Command::Bench(bench) => bench::run(&place, bench).map(|()| Ended::Well),
    }
}
