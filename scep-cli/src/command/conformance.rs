//! `scep conformance`: do a SCEP server and a SCEP client keep to RFC 8894?

mod client;
mod expected;
mod files;
mod passwords;
mod reports;
mod server;

use std::sync::Arc;

use clap::Subcommand;
use scep_conformance::verdict::Level;
use scep_conformance::{client_suite, server_suite};
use scep_core::crypto::CryptoProvider;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Result;
use crate::render::Renderer;

/// Arguments of `scep conformance`.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    /// List the checks, and stop.
    #[arg(long, required = true)]
    list: bool,
    /// List them as JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    suite: Option<Suite>,
}

#[derive(Subcommand, Debug)]
enum Suite {
    /// Check a server, which issues certificates meanwhile
    Server(Box<server::Args>),
    /// Check a client, by a server on this machine that has one URL for each check
    Client(Box<client::Args>),
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    match args.suite {
        Some(Suite::Server(server)) => server::run(*server, provider, renderer).await,
        Some(Suite::Client(client)) => client::run(*client, provider, renderer).await,
        None => {
            list(args.json, renderer);
            Ok(Exit::Good)
        }
    }
}

/// A check of either suite, as far as a list goes.
struct Listed {
    suite: &'static str,
    id: &'static str,
    title: &'static str,
    level: Level,
    requirements: &'static [&'static str],
}

fn all() -> impl Iterator<Item = Listed> {
    let server = server_suite::checks::all().chain(server_suite::checks::timing());
    let server = server.map(|check| Listed {
        suite: "server",
        id: check.id,
        title: check.title,
        level: check.level,
        requirements: check.requirements,
    });
    let client = client_suite::checks::all().map(|check| Listed {
        suite: "client",
        id: check.id,
        title: check.title,
        level: check.level,
        requirements: check.requirements,
    });
    server.chain(client)
}

fn list(json: bool, renderer: &Renderer) {
    if json {
        let all: Vec<_> = all()
            .map(|check| {
                json!({
                    "suite": check.suite,
                    "id": check.id,
                    "title": check.title,
                    "level": check.level,
                    "requirements": check.requirements,
                })
            })
            .collect();
        renderer.json(&all);
        return;
    }
    let mut suite = "";
    for check in all() {
        if check.suite != suite {
            suite = check.suite;
            renderer.line(format!("Checks of a {suite}:"));
        }
        let rows = check.requirements.join(" ");
        let text = format!(
            "{} ({}{}{rows})",
            check.title,
            check.level.title(),
            if rows.is_empty() { "" } else { ", " }
        );
        renderer.hanging(&format!("{:<34} ", check.id), &text);
    }
}
