//! Challenge passwords for a suite that needs many.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use scep_conformance::server_suite::Challenges;
use scep_core::message::ChallengePassword;

use crate::failure::{Failure, Result};
use crate::files;

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
            let text = files::read_text(path)?;
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let mut lines: VecDeque<_> = lines
                .map(|line| ChallengePassword::new(line.trim()))
                .collect();
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
            Self::Command(command) => {
                let (shell, flag) = if cfg!(windows) {
                    ("cmd", "/C")
                } else {
                    ("sh", "-c")
                };
                let command = std::process::Command::new(shell)
                    .args([flag, command])
                    .stdin(std::process::Stdio::null())
                    .stderr(std::process::Stdio::inherit())
                    .output();
                let output = command.ok().filter(|output| output.status.success())?;
                let text = String::from_utf8(output.stdout).ok()?;
                let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
                Some(ChallengePassword::new(line))
            }
        }
    }
}
