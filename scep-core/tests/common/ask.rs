//! A query and its server, for the tests of GetCert and GetCRL.

use scep_core::client::{Found, Query, QueryParams, Request, ServerParams, Signer, Step, Wanted};
use scep_core::crypto::default_provider;
use scep_core::message::IssuerAndSerialNumber;
use scep_core::{Result, UnixTime};

use super::hand::{Asked, HandServer, ok};
use super::{CA, NOW, TestRandom, key, name};

pub const LATER: UnixTime = UnixTime(NOW.0 + 86_400 * 5);

pub fn server() -> HandServer {
    HandServer::new(key("ca"))
}

/// The client's own certificate.
pub fn own(server: &HandServer) -> Signer {
    let certificate = server.issue(key("client").spki_der(), "CN=device-1", 42, LATER);
    Signer::new(certificate, key("client")).unwrap()
}

pub fn id(serial: u8) -> IssuerAndSerialNumber {
    IssuerAndSerialNumber {
        issuer: name(CA),
        serial: vec![serial],
    }
}

pub fn query(server: ServerParams, wanted: Wanted, signer: Signer) -> Query {
    let params = QueryParams::new(server, wanted, signer);
    Query::new(default_provider(), params)
}

/// Drives a query to its end.
pub fn ask(
    query: &mut Query,
    answer: impl Fn(&Request) -> Vec<u8>,
) -> (Result<Step<Found>>, Vec<Request>) {
    let (mut rng, mut sent) = (TestRandom(1), Vec::new());
    for _ in 0..9 {
        match query.next(&mut rng) {
            Ok(Step::Send(request)) => {
                let body = answer(&request);
                sent.push(request);
                if let Err(e) = query.on_response(&ok(&body), NOW, &mut rng) {
                    return (Err(e), sent);
                }
            }
            other => return (other, sent),
        }
    }
    panic!("the query does not end");
}

/// Asks, and lets `forge` answer.
pub fn forged(
    wanted: Wanted,
    forge: impl Fn(&HandServer, &Asked) -> Vec<u8>,
) -> Result<Step<Found>> {
    let server = server();
    let mut query = query(server.server_params(), wanted, own(&server));
    let (step, _) = ask(&mut query, |request| {
        let greeting = server.greeting(request);
        greeting.unwrap_or_else(|| forge(&server, &server.asked(request)))
    });
    if step.is_err() {
        // after an error the same request is due again
        let again = query.next(&mut TestRandom(2));
        assert!(matches!(again, Ok(Step::Send(_))), "{again:?}");
    }
    step
}

pub fn found(step: Result<Step<Found>>) -> Found {
    match step {
        Ok(Step::Done(found)) => *found,
        other => panic!("{other:?}"),
    }
}
