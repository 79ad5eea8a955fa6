//! What differs between operating systems.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// Creates or empties a file that only its owner may read, where the file system can say so.
#[cfg(unix)]
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Creates or empties a file.
#[cfg(not(unix))]
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// The first name server that is configured, where a file tells it.
#[cfg(unix)]
pub(crate) async fn name_server() -> Option<SocketAddr> {
    let read = || std::fs::read_to_string("/etc/resolv.conf");
    let text = tokio::task::spawn_blocking(read).await.ok()?.ok()?;
    let address = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .find_map(|rest| rest.trim().parse().ok())?;
    Some(SocketAddr::new(address, 53))
}

/// No file tells it.
#[cfg(not(unix))]
pub(crate) async fn name_server() -> Option<SocketAddr> {
    None
}
