//! `scep caps`: what a server says it can do.

use scep_client::ask;
use scep_client::enroll::EnrollOptions;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Result;
use crate::options::{NetworkArgs, scep_url};
use crate::render::Renderer;

/// Arguments of `scep caps`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The SCEP URL.
    #[arg(value_parser = scep_url)]
    url: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

/// What the keywords of RFC 8894 section 3.5.2 mean.
const MEANINGS: [(&str, &str); 9] = [
    ("AES", "messages may be encrypted in AES-128-CBC"),
    ("DES3", "messages may be encrypted in triple DES"),
    ("GetNextCACert", "the next CA can be asked for"),
    ("POSTPKIOperation", "messages go by POST"),
    ("Renewal", "certificates can be renewed"),
    (
        "SCEPStandard",
        "all that RFC 8894 demands: AES, SHA-256, POST",
    ),
    ("SHA-1", "messages may be signed with SHA-1"),
    ("SHA-256", "messages may be signed with SHA-256"),
    ("SHA-512", "messages may be signed with SHA-512"),
];

pub(crate) async fn run(args: Args, renderer: &Renderer) -> Result {
    let network = args.network.network(&args.url)?;
    let options = EnrollOptions::default();
    let capabilities = match ask::capabilities(&network, &args.url, &options).await {
        Ok(capabilities) => capabilities,
        Err(e) if e.is_local() => return Err(e.into()),
        Err(e) => {
            renderer.error(&e.causes());
            return Ok(Exit::Bad);
        }
    };
    if args.json {
        renderer.json(&json!({ "capabilities": capabilities.words() }));
        return Ok(Exit::Good);
    }
    for word in capabilities.words() {
        let known = MEANINGS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word));
        let meaning = known.map_or("nothing that RFC 8894 knows", |(_, meaning)| meaning);
        renderer.hanging(&format!("{word:<18} "), meaning);
    }
    if capabilities.words().is_empty() {
        renderer.line("The server lists nothing.");
    }
    Ok(Exit::Good)
}
