//! `scep completions` and `scep man`: what shells and manuals need, from the one definition of the command line.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::files::{self, Access};
use crate::render::Renderer;

/// Arguments of `scep completions`.
#[derive(clap::Args, Debug)]
pub(crate) struct CompletionArgs {
    /// For which shell.
    shell: Shell,
}

/// Arguments of `scep man`.
#[derive(clap::Args, Debug)]
pub(crate) struct ManArgs {
    /// The folder to write them to: scep.1, scep-enroll.1 and so on.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Prints the completions for a shell.
pub(crate) fn completions(
    args: &CompletionArgs,
    mut command: Command,
    renderer: &Renderer,
) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "scep", &mut script);
    let script = String::from_utf8(script).map_err(|e| Failure::local(e.to_string()))?;
    renderer.line(script.trim_end());
    Ok(Exit::Good)
}

/// Writes a page for each command.
pub(crate) fn man(args: &ManArgs, command: Command, renderer: &Renderer) -> Result {
    std::fs::create_dir_all(&args.out).map_err(|e| Failure::file(&args.out, &e))?;
    let mut pages = Vec::new();
    pages_of(command, "scep", &mut pages);
    for (name, page) in &pages {
        let path = args.out.join(format!("{name}.1"));
        files::write(&path, page, Access::Usual)?;
    }
    let written = crate::render::count(pages.len(), "page");
    renderer.line(format!("wrote {written} to {}", args.out.display()));
    Ok(Exit::Good)
}

/// The page of a command, and of those below it.
fn pages_of(command: Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    let below: Vec<Command> = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
        .cloned()
        .collect();
    let mut page = Vec::new();
    // writing to a Vec cannot fail
    let _ = clap_mangen::Man::new(command.display_name(name.to_owned())).render(&mut page);
    pages.push((name.to_owned(), page));
    for command in below {
        let name = format!("{name}-{}", command.get_name());
        pages_of(command, &name, pages);
    }
}
