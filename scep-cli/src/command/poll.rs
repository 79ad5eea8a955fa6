//! `scep poll`: asks for a request that was pending.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scep_client::enroll::{PendingKeys, PendingState, poll};
use scep_core::crypto::CryptoProvider;

use super::enroll::{Finish, bundle, duration, keep, options};
use crate::failure::{Failure, Result};
use crate::options::{KeyPasswordArgs, NetworkArgs, OutputArgs, Paths, PolicyChoice};
use crate::render::Renderer;

/// Arguments of `scep poll`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The PREFIX.pending.json that `scep enroll` wrote.
    file: PathBuf,
    /// The key of the request, if it is not where `scep enroll` left it.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The key of the certificate that is renewed, if it is not where `scep renew` left it.
    #[arg(long, value_name = "FILE")]
    cert_key: Option<PathBuf>,
    #[command(flatten)]
    password: KeyPasswordArgs,
    /// How long to poll before giving up for today, such as 10m.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    wait: Duration,
    /// Algorithms that are acceptable.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    policy: PolicyChoice,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    network: NetworkArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(
    args: Args,
    provider: Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let mut state = PendingState::load(&args.file)?;
    let text = args.file.to_string_lossy().into_owned();
    let prefix = text.strip_suffix(".pending.json").unwrap_or(&text);
    let paths = Paths {
        pending: args.file.clone(),
        ..args.output.paths(std::path::Path::new(prefix))
    };
    let key_file = args
        .key_file
        .or_else(|| state.key_file.clone())
        .ok_or_else(|| Failure::usage("the file does not say where the key is; give --key-file"))?;
    let renewed = state.transaction.renewal.as_ref();
    let noted = renewed.and_then(|renewal| renewal.current_key.clone());
    let current = args.cert_key.or_else(|| noted.map(PathBuf::from));
    let pkcs8 = args.password.der(provider.as_ref(), &key_file)?;
    let p12 = bundle(&args.output, &pkcs8)?;
    let keys = PendingKeys {
        key: args.password.load(provider.as_ref(), &key_file)?,
        current: match current.filter(|_| renewed.is_some()) {
            Some(path) => Some(args.password.load(provider.as_ref(), &path)?),
            None => None,
        },
    };
    // asking is why the command was called, so the next poll is due now
    state.transaction.next_poll = scep_core::UnixTime::now();
    let network = args.network.network(&state.transaction.url)?;
    let mut options = options(args.wait, args.json, Arc::clone(&provider), renderer);
    options.keep = keep(&key_file, &paths.pending);
    let result = poll(
        &network,
        Arc::clone(&provider),
        &state,
        keys,
        args.policy.policy(),
        &options,
    )
    .await;
    Finish {
        url: &state.transaction.url,
        paths: &paths,
        key_file: &key_file,
        written_key: None,
        p12,
        format: args.output.format,
        unanswered: state.transaction.unanswered,
        password_sent: true,
        odd_key: None,
        json: args.json,
        provider: provider.as_ref(),
    }
    .finish(result, renderer)
}
