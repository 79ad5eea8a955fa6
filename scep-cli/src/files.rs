//! Files: written whole or not at all, keys readable by their owner only.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever the system lets.
    Usual,
    /// The owner (0600 on Unix).
    OwnerOnly,
}

/// Refuses to overwrite.
pub(crate) fn must_be_new(paths: &[&Path], force: bool) -> Result<()> {
    for path in paths {
        if !force && path.exists() {
            return Err(Failure::usage(format!(
                "{} exists; use --force to overwrite it",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Writes a file by way of a temporary one beside it.
pub(crate) fn write(path: &Path, content: &[u8], access: Access) -> Result<()> {
    let temporary = temporary_name(path);
    let result = write_new(&temporary, content, access).and_then(|()| fs::rename(&temporary, path));
    result.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Failure::file(path, &error)
    })
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn write_new(path: &Path, content: &[u8], access: Access) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, access);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(unix)]
fn restrict(options: &mut fs::OpenOptions, access: Access) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(match access {
        Access::Usual => 0o644,
        Access::OwnerOnly => 0o600,
    });
}

#[cfg(not(unix))]
fn restrict(_options: &mut fs::OpenOptions, _access: Access) {}

/// Reads a file, or stdin for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut content = Vec::new();
        return std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut content)
            .map(|_| content)
            .map_err(|error| Failure::local(format!("stdin: {error}")));
    }
    fs::read(path).map_err(|error| Failure::file(path, &error))
}

/// Reads a text file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|_| Failure::local(format!("{}: is no UTF-8 text", path.display())))
}
