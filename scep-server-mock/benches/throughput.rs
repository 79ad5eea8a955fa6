//! Enrollments per second over HTTP, load and server on the same machine, and whether the thousandth
//! certificate costs what the first one did.
//!
//! `cargo bench -p scep-server-mock`, or with another number of enrollments:
//! `ENROLLMENTS=100000 cargo bench -p scep-server-mock`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use scep_core::UnixTime;
use scep_core::client::{
    CaTrust, Enrollment, EnrollmentParams, Next, Response, TransactionIdChoice,
};
use scep_core::crypto::{AwsLcRs, CryptoProvider, Fallback, RustCrypto, SystemRandom};
use scep_core::message::ChallengePassword;
use scep_core::x509::Name;
use scep_server_mock::MockNdes;

/// Connections that send at the same time.
const CONNECTIONS: usize = 8;
/// How many are compared with how many.
const SAMPLE: usize = 1_000;

fn provider() -> Arc<dyn CryptoProvider> {
    Arc::new(Fallback::new(Arc::new(AwsLcRs), Arc::new(RustCrypto)))
}

/// As many requests as wanted, each a transaction of its own: SHA-256 and AES, by POST.
fn requests(mock: &MockNdes, wanted: usize) -> Vec<Vec<u8>> {
    let good = mock.with(|s| s.deployment().last_good());
    let provider = provider();
    let key = provider
        .load_private_key(include_bytes!("../keys/device-2.p8"))
        .unwrap();
    let [root, _] = mock.ca_certificates();
    let made = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let one = || {
        let mut params = EnrollmentParams::new(
            mock.url(),
            CaTrust::Certificate(Box::new(root.clone())),
            Arc::clone(&key),
            Name::from_rfc4514("CN=bench").unwrap(),
        );
        params.challenge = Some(ChallengePassword::new("bench"));
        params.transaction_id = TransactionIdChoice::Random;
        let mut enrollment = Enrollment::new(Arc::clone(&provider), params);
        let (mut rng, now) = (SystemRandom, UnixTime::now());
        for (content_type, body) in [
            ("text/plain", good.capabilities.as_bytes()),
            (good.content_type, &good.ca_certificates[..]),
        ] {
            enrollment.next(now, &mut rng).unwrap();
            let response = Response {
                status: 200,
                content_type: Some(content_type),
                body,
            };
            enrollment.on_response(&response, now, &mut rng).unwrap();
        }
        match enrollment.next(now, &mut rng).unwrap() {
            Next::Send(request) => request.body,
            other => unreachable!("{other:?}"),
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    while made.fetch_add(1, Ordering::Relaxed) < wanted {
                        mine.push(one());
                    }
                    mine
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|w| w.join().unwrap())
            .collect()
    })
}

/// Sends messages over connections that stay open.
fn send(address: SocketAddr, messages: &[Vec<u8>]) -> Duration {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut buffer = vec![0; 16 << 10];
                while let Some(message) = messages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut request = format!(
                        "POST /certsrv/mscep/mscep.dll?operation=PKIOperation HTTP/1.1\r\n\
                         host: {address}\r\ncontent-type: application/x-pki-message\r\n\
                         content-length: {}\r\n\r\n",
                        message.len()
                    )
                    .into_bytes();
                    request.extend_from_slice(message);
                    stream.write_all(&request).unwrap();
                    read_response(&mut stream, &mut buffer);
                }
            });
        }
    });
    start.elapsed()
}

fn read_response(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut have = 0;
    loop {
        let n = stream.read(&mut buffer[have..]).unwrap();
        assert!(n > 0, "the server hung up");
        have += n;
        let text = String::from_utf8_lossy(&buffer[..have]).into_owned();
        let Some(end) = text.find("\r\n\r\n") else {
            continue;
        };
        let head = text[..end].to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .and_then(|value| value.parse().ok())
            .unwrap();
        let body = buffer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        if have >= body + length {
            return;
        }
    }
}

fn main() {
    let wanted: usize = std::env::var("ENROLLMENTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(6_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = Instant::now();
    let mock = runtime
        .block_on(
            MockNdes::builder()
                .with_provider(provider())
                .with_profile("plain")
                .with_static_challenge(ChallengePassword::new("bench"))
                .start(),
        )
        .unwrap();
    println!("ready after {:?}", start.elapsed());
    let messages = requests(&mock, wanted);
    let rate = |n: usize, took: Duration| n as f64 / took.as_secs_f64();
    let sample = SAMPLE.min(wanted / 3);
    let (first, rest) = messages.split_at(sample);
    let (middle, last) = rest.split_at(rest.len() - sample);
    let took = send(mock.address(), first);
    println!("first {sample}: {:.0} enrollments/s", rate(sample, took));
    let took = send(mock.address(), middle);
    println!(
        "next {}: {:.0} enrollments/s",
        middle.len(),
        rate(middle.len(), took)
    );
    let took = send(mock.address(), last);
    println!("last {sample}: {:.0} enrollments/s", rate(sample, took));
    assert_eq!(mock.issued().len(), wanted, "every one was issued");
}
