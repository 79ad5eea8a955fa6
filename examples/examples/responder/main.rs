//! A minimal SCEP server and one client of it, in memory. Neither side does any I/O: what lies
//! between `Enrollment` and `Responder` is yours.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod server;
mod tiny_ca;

use scep_core::client::{CaTrust, Enrollment, EnrollmentParams, Next, Response};
use scep_core::crypto::{KeyType, SystemRandom, default_provider};
use scep_core::x509::Name;
use scep_core::{Result, UnixTime};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let provider = default_provider();
    let new_key = || -> Result<_> {
        let pkcs8 = provider.generate_private_key(KeyType::Rsa(2048), &mut SystemRandom)?;
        provider.load_private_key(&pkcs8)
    };
    let server = server::Server::new(provider.clone(), new_key()?)?;
    let trust = CaTrust::Certificate(Box::new(server.root.clone()));
    let subject = Name::from_rfc4514("CN=device")?;
    let mut params = EnrollmentParams::new("http://ca.example/scep", trust, new_key()?, subject);
    params.challenge = Some(server.new_challenge("open sesame"));
    let mut enrollment = Enrollment::new(provider.clone(), params);
    loop {
        match enrollment.next(UnixTime::now(), &mut SystemRandom)? {
            Next::Send(request) => {
                println!("{:?}", request.operation);
                let query = request.url.split_once('?').map(|(_, query)| query);
                let reply = server.serve(request.method.as_str(), query, &request.body);
                let response = Response {
                    status: reply.status,
                    content_type: Some(reply.content_type),
                    body: &reply.body,
                };
                enrollment.on_response(&response, UnixTime::now(), &mut SystemRandom)?;
            }
            Next::Issued(issued) => {
                println!("issued: {}", issued.certificate.subject());
                return Ok(());
            }
            Next::WaitUntil(_) | Next::Refused(_) | Next::GaveUp(_) => {
                return Err("no certificate".into());
            }
        }
    }
}
