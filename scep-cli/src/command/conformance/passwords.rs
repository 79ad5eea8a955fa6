//! Challenge passwords for a suite that needs many.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use scep_conformance::server_suite::Challenges;
use scep_core::message::ChallengePassword;

use crate::failure::{Failure, Result};
use crate::options::{challenges, output_of};

/// Where they come from.
#[derive(clap::Args, Debug)]
#[group(id = "passwords", multiple = false, required = true)]
pub(super) struct PasswordArgs {
    /// File with challenge passwords: one line for each, or one that may be used again.
    #[arg(long, value_name = "FILE")]
    challenge_file: Option<PathBuf>,
    /// Command whose first line is a challenge password; it is run for each.
    #[arg(long, value_name = "COMMAND")]
    challenge_command: Option<String>,
    /// The server asks for none.
    #[arg(long)]
    no_challenge: bool,
}

/// The source.
pub(super) enum Passwords {
    None,
    Same(ChallengePassword),
    List(Mutex<VecDeque<ChallengePassword>>),
    Command(String),
}

impl Passwords {
    pub(super) fn new(args: &PasswordArgs) -> Result<Self> {
        if let Some(path) = &args.challenge_file {
            let mut lines = VecDeque::from(challenges(path)?);
            return match lines.len() {
                0 => Err(Failure::local(format!(
                    "{}: holds no password",
                    path.display()
                ))),
                1 => Ok(lines.pop_front().map_or(Self::None, Self::Same)),
                _ => Ok(Self::List(Mutex::new(lines))),
            };
        }
        Ok(args
            .challenge_command
            .clone()
            .map_or(Self::None, Self::Command))
    }
}

#[async_trait::async_trait]
impl Challenges for Passwords {
    async fn next(&self) -> Option<ChallengePassword> {
        match self {
            // a server without passwords does not mind one
            Self::None => Some(ChallengePassword::new("none")),
            Self::Same(password) => Some(password.clone()),
            Self::List(list) => {
                let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
                list.pop_front()
            }
            // why it does not work it says on stderr
            Self::Command(command) => output_of(command).ok(),
        }
    }
}
