//! How a test of your own SCEP client uses the simulated deployment: enroll while it is healthy,
//! break it, see what your client makes of that, mend it.
//!
//! `cargo run --example mock_in_a_test`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use scep_server_mock::MockNdes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Stands for your client: asks for GetCACaps and gives the status.
async fn your_client(ndes: &MockNdes) -> Result<String, Box<dyn std::error::Error>> {
    let url = ndes.url();
    let path = url.strip_prefix(&ndes.base_url()).ok_or("another server")?;
    let mut stream = TcpStream::connect(ndes.address()).await?;
    let request = format!(
        "GET {path}?operation=GetCACaps HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        ndes.address()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).ok_or("no status")?;
    Ok(status.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // a free port of 127.0.0.1; dropped means stopped
    let ndes = MockNdes::start().await?;
    assert_eq!(your_client(&ndes).await?, "200");

    // ids as in docs/failure-modes.md; the deployment really gets into that state
    ndes.arm("httpsys-503-pool-stopped")?;
    assert_eq!(your_client(&ndes).await?, "503");

    // … and does what a real one does when an administrator follows the fix
    ndes.heal("httpsys-503-pool-stopped")?;
    assert_eq!(your_client(&ndes).await?, "200");

    // what arrived, what the servers wrote, what was issued
    let asked = ndes.journal();
    for entry in &asked {
        println!("{} {:?} -> {}", entry.method, entry.operation, entry.status);
    }
    println!("{} log records", ndes.log_records().len());
    assert!(ndes.issued().is_empty());
    Ok(())
}
