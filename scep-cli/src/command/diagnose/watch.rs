//! Looks again and again: a connector that starts late after a reboot, a pool that somebody is mending.

use std::sync::Arc;
use std::time::Duration;

use scep_core::UnixTime;
use scep_core::crypto::CryptoProvider;

use super::{Args, Format, exit, live, report};
use crate::exit::Exit;
use crate::failure::Result;
use crate::render::Renderer;
use crate::stop::Stop;

/// Prints a line (or, for a program, the whole diagnosis) whenever it says something else than before. Ends
/// as the last look did.
pub(super) async fn watch(
    args: &Args,
    url: &str,
    every: Duration,
    provider: &Arc<dyn CryptoProvider>,
    renderer: &Renderer,
) -> Result {
    let mut stop = Stop::listen()?;
    let end = stop.asked();
    tokio::pin!(end);
    let mut last = None;
    let mut result = Exit::Good;
    loop {
        let look = live(args, url, Arc::clone(provider), renderer);
        let (mut diagnosis, _) = tokio::select! {
            () = &mut end => return Ok(result),
            looked = look => looked?,
        };
        diagnosis.tool = concat!("scep ", env!("CARGO_PKG_VERSION")).to_owned();
        result = exit(&diagnosis);
        // news are symptom and ranking of causes, not times and numbers
        let now = report::one_line(&diagnosis);
        if last.as_ref() != Some(&now) {
            match args.format() {
                Format::Json => renderer.json_line(&diagnosis),
                _ => renderer.line(format!("{}  {now}", UnixTime::now())),
            }
            last = Some(now);
        }
        tokio::select! {
            () = &mut end => return Ok(result),
            () = tokio::time::sleep(every) => {}
        }
    }
}
