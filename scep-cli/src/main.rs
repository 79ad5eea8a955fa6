//! The `scep` command: enroll, diagnose, inspect, explain, and simulate a SCEP deployment.

mod command;
mod exit;
mod failure;
mod files;
mod nearest;
mod options;
mod provider;
mod render;
mod stop;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::exit::Exit;
use crate::provider::ProviderChoice;
use crate::render::{ColorChoice, Renderer};

/// SCEP (RFC 8894): enroll certificates, find out why a server does not work, and simulate one that
/// does not.
#[derive(Parser, Debug)]
#[command(name = "scep", version, after_help = Exit::help(), max_term_width = 100)]
struct Cli {
    /// Colour the report.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        display_order = 990
    )]
    color: ColorChoice,
    /// Say on stderr what is being done.
    #[arg(long, short, global = true, display_order = 991)]
    verbose: bool,
    /// Which crypto library does the work of SCEP. TLS is always AWS-LC's.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "NAME",
        display_order = 992
    )]
    provider: ProviderChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Find out what is wrong with a SCEP server, from outside
    #[command(after_help = Exit::help_of("diagnose"))]
    Diagnose(command::diagnose::Args),
    /// Explain a failure mode, a symptom, a status, an error code or an event
    #[command(after_help = Exit::help_of("explain"))]
    Explain(command::explain::Args),
    /// Take secrets out of recorded traffic
    #[command(after_help = Exit::help_of("capture"))]
    Capture(command::capture::Args),
    /// Get a certificate
    #[command(after_help = Exit::help_of("enroll"))]
    Enroll(Box<command::enroll::Args>),
    /// Get the next certificate with the one that there is
    #[command(after_help = Exit::help_of("renew"))]
    Renew(command::renew::Args),
    /// Ask for a request that was pending
    #[command(after_help = Exit::help_of("poll"))]
    Poll(command::poll::Args),
    /// Ask a server for an issued certificate
    #[command(after_help = Exit::help_of("get-cert"))]
    GetCert(command::query::Args),
    /// Ask a server for its CRL; one at a distribution point is got without this
    #[command(after_help = Exit::help_of("get-crl"))]
    GetCrl(command::query::Args),
    /// Show a server's CA, with its fingerprint, or the one that will follow it
    #[command(after_help = Exit::help_of("ca"))]
    Ca(command::ca::Args),
    /// Show what a server says it can do
    #[command(after_help = Exit::help_of("caps"))]
    Caps(command::caps::Args),
    /// Check whether a SCEP server or client keeps to RFC 8894
    #[command(after_help = Exit::help_of("conformance"))]
    Conformance(command::conformance::Args),
    /// Measure how many enrollments a server of your own can take
    #[command(after_help = Exit::help_of("load"))]
    Load(command::load::Args),
    /// Show what a message, certificate or request says
    #[command(after_help = Exit::help_of("inspect"))]
    Inspect(command::inspect::Args),
    /// Run a simulated NDES deployment on loopback
    #[command(after_help = Exit::help_of("mock"))]
    Mock(command::mock::Args),
    /// Enroll at a simulated deployment, break it in every known way, and diagnose each
    #[command(after_help = Exit::help_of("demo"))]
    Demo(command::demo::Args),
    /// Print what a shell needs to complete these commands
    #[command(after_help = Exit::help_of("completions"))]
    Completions(command::generate::CompletionArgs),
    /// Write manual pages
    #[command(after_help = Exit::help_of("man"))]
    Man(command::generate::ManArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let renderer = Renderer::new(cli.color, cli.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            renderer.error(&format!("the runtime cannot start: {error}"));
            return Exit::CouldNotRun.into();
        }
    };
    let provider = cli.provider.provider();
    let result = runtime.block_on(async {
        match cli.command {
            Command::Diagnose(args) => command::diagnose::run(args, provider, &renderer).await,
            Command::Explain(args) => command::explain::run(&args, &renderer),
            Command::Capture(args) => command::capture::run(&args, &renderer),
            Command::Enroll(args) => command::enroll::run(*args, provider, &renderer).await,
            Command::Renew(args) => command::renew::run(args, provider, &renderer).await,
            Command::GetCert(args) => {
                let what = command::query::What::Certificate;
                command::query::run(what, args, provider, &renderer).await
            }
            Command::GetCrl(args) => {
                let what = command::query::What::Crl;
                command::query::run(what, args, provider, &renderer).await
            }
            Command::Ca(args) => command::ca::run(args, provider, &renderer).await,
            Command::Caps(args) => command::caps::run(args, &renderer).await,
            Command::Poll(args) => command::poll::run(args, provider, &renderer).await,
            Command::Conformance(args) => {
                command::conformance::run(args, provider, &renderer).await
            }
            Command::Load(args) => command::load::run(args, provider, &renderer).await,
            Command::Inspect(args) => command::inspect::run(&args, provider.as_ref(), &renderer),
            Command::Mock(args) => command::mock::run(args, provider, &renderer).await,
            Command::Demo(args) => command::demo::run(args, provider, &renderer).await,
            Command::Completions(args) => {
                command::generate::completions(&args, Cli::command(), &renderer)
            }
            Command::Man(args) => command::generate::man(&args, Cli::command(), &renderer),
        }
    });
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            renderer.error(&failure.message);
            failure.exit.into()
        }
    }
}
