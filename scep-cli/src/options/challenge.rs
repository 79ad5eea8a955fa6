//! Where the challenge password comes from.

use std::path::{Path, PathBuf};

use clap::Args;
use scep_client::ndes_admin::{self, AdminOptions, Credentials};
use scep_client::network::Network;
use scep_core::message::ChallengePassword;
use zeroize::Zeroizing;

use super::password_of;
use crate::failure::{Failure, Result};
use crate::files;
use crate::render::Renderer;

/// Where the challenge password comes from.
#[derive(Args, Debug, Default)]
pub(crate) struct ChallengeArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    admin: NdesAdminArgs,
}

#[derive(Args, Debug, Default)]
#[group(id = "challenge-source", multiple = false)]
struct Source {
    /// File with the challenge password (its first line); - for stdin.
    #[arg(long, value_name = "FILE")]
    challenge_file: Option<PathBuf>,
    /// Command that prints the challenge password (its first line), run by the shell.
    #[arg(long, value_name = "COMMAND")]
    challenge_command: Option<String>,
    /// Environment variable with the challenge password.
    #[arg(long, value_name = "NAME")]
    challenge_env: Option<String>,
    /// Ask for the challenge password on the terminal.
    #[arg(long)]
    challenge_prompt: bool,
    /// Fetch a challenge password from the admin page of NDES, such as
    /// https://host/certsrv/mscep_admin/, signed in by NTLM or Basic.
    #[arg(long, value_name = "URL", requires = "user")]
    ndes_admin: Option<String>,
    /// The challenge password itself; everyone on this machine can see it in the process list.
    #[arg(long, value_name = "VALUE")]
    challenge: Option<String>,
}

/// Who asks for challenge passwords.
#[derive(Args, Debug, Default)]
struct NdesAdminArgs {
    /// The account for --ndes-admin, DOMAIN\\user or user@domain.
    #[arg(long, value_name = "USER", requires = "ndes_admin")]
    user: Option<String>,
    /// File with its password (its first line); without this it is asked for on the terminal.
    #[arg(long, value_name = "FILE", requires = "ndes_admin")]
    user_password_file: Option<PathBuf>,
    /// Sign in at the admin page over http, too, where whoever listens can read the challenge password.
    #[arg(long, requires = "ndes_admin")]
    insecure_admin_http: bool,
}

impl ChallengeArgs {
    pub(crate) const fn given(&self) -> bool {
        let source = &self.source;
        source.challenge_file.is_some()
            || source.challenge_command.is_some()
            || source.challenge_env.is_some()
            || source.challenge_prompt
            || source.ndes_admin.is_some()
            || source.challenge.is_some()
    }

    pub(crate) async fn challenge(
        &self,
        network: &dyn Network,
        renderer: &Renderer,
    ) -> Result<Option<ChallengePassword>> {
        let source = &self.source;
        if let Some(path) = &source.challenge_file {
            let text = Zeroizing::new(files::read_text(path)?);
            return first_line(&text, &path.display().to_string()).map(Some);
        }
        if let Some(command) = &source.challenge_command {
            return output_of(command).map(Some);
        }
        if let Some(name) = &source.challenge_env {
            return match std::env::var(name) {
                Ok(value) if !value.is_empty() => Ok(Some(ChallengePassword::new(value))),
                _ => Err(Failure::usage(format!(
                    "--challenge-env: the variable {name} is not set"
                ))),
            };
        }
        if source.challenge_prompt {
            let text = prompt("Challenge password: ", "--challenge-prompt")?;
            return first_line(&text, "the terminal").map(Some);
        }
        if let Some(url) = &source.ndes_admin {
            return self.admin.fetch(url, network).await.map(Some);
        }
        if let Some(value) = &source.challenge {
            renderer.warn("--challenge is visible in the process list; prefer --challenge-file");
            return Ok(Some(ChallengePassword::new(value.clone())));
        }
        Ok(None)
    }
}

impl NdesAdminArgs {
    async fn fetch(&self, url: &str, network: &dyn Network) -> Result<ChallengePassword> {
        let user = self.user.clone().unwrap_or_default();
        if !url.starts_with("https://") && !self.insecure_admin_http {
            return Err(Failure::usage(
                "--ndes-admin: over http, whoever listens can read the challenge password; give an https URL, \
                 or --insecure-admin-http",
            ));
        }
        let password = match &self.user_password_file {
            Some(path) => password_of(path)?,
            None => prompt(&format!("Password of {user}: "), "--user-password-file")?,
        };
        let mut options = AdminOptions::default();
        options.allow_plain_http = self.insecure_admin_http;
        let credentials = Credentials::new(user, password.as_str());
        let page = ndes_admin::fetch(network, url, &credentials, &options).await?;
        Ok(page.challenge)
    }
}

/// Asks on the terminal, without showing what is typed.
fn prompt(question: &str, flag: &str) -> Result<Zeroizing<String>> {
    let typed = rpassword::prompt_password(question);
    typed
        .map(Zeroizing::new)
        .map_err(|e| Failure::usage(format!("{flag}: there is no terminal to ask on: {e}")))
}

/// All challenge passwords of a file, one a line.
pub(crate) fn challenges(path: &Path) -> Result<Vec<ChallengePassword>> {
    let text = Zeroizing::new(files::read_text(path)?);
    let lines = text.lines().filter(|line| !line.is_empty());
    Ok(lines.map(ChallengePassword::new).collect())
}

/// The challenge password that a text begins with.
pub(crate) fn first_line(text: &str, origin: &str) -> Result<ChallengePassword> {
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(ChallengePassword::new(line)),
        _ => Err(Failure::local(format!(
            "{origin}: the first line is empty, where the challenge password should be"
        ))),
    }
}

/// The challenge password that a command prints. What it says on stderr goes to ours.
pub(crate) fn output_of(command: &str) -> Result<ChallengePassword> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let bad = |why: &str| Failure::local(format!("--challenge-command: {why}"));
    let output = std::process::Command::new(shell)
        .args([flag, command])
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| bad(&format!("{shell}: {e}")))?;
    let text = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(bad(&format!("the command ended with {}", output.status)));
    }
    let text = std::str::from_utf8(&text).map_err(|_| bad("what it printed is no UTF-8"))?;
    first_line(text, "--challenge-command")
}
