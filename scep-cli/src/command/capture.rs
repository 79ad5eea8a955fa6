//! `scep capture`: what to do with recorded traffic.

use std::path::PathBuf;

use clap::Subcommand;
use scep_client::capture::redact_text;

use crate::exit::Exit;
use crate::failure::Result;
use crate::files::{self, Access};
use crate::render::Renderer;

/// Arguments of `scep capture`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Take secrets out of a capture, an HTTP archive (HAR), a log, or text from a terminal
    Redact {
        /// The file; - for stdin.
        file: PathBuf,
        /// Write to this file, rather than to stdout.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Overwrite it.
        #[arg(long, requires = "out")]
        force: bool,
    },
}

pub(crate) fn run(args: &Args, renderer: &Renderer) -> Result {
    let Action::Redact { file, out, force } = &args.action;
    let content = files::read(file)?;
    let cleaned = redact_text(&String::from_utf8_lossy(&content));
    match out {
        Some(path) => {
            files::must_be_new(&[path], *force)?;
            files::write(path, cleaned.as_bytes(), Access::Usual)?;
        }
        None => renderer.line(cleaned.strip_suffix('\n').unwrap_or(&cleaned)),
    }
    renderer.warn(
        "read it before you show it: what a program cannot know to be a secret is still there",
    );
    Ok(Exit::Good)
}
