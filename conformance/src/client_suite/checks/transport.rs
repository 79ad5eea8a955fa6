//! What can happen to a reply on its way.

use std::time::Duration;

use scep_core::http::Operation;

use super::checks;
use crate::client_suite::{Flaw, Reaction};
use crate::server_suite::ensure;

checks! {
    "transport.closed", Must, ["R-2.5.1-d"],
    "A connection that ends without a reply ends the enrollment",
    Refuse * 1, |case| { case.reaction = |operation, response| match operation {
        Operation::PkiOperation => Reaction::Close,
        _ => Reaction::Respond(response),
    }; }, |_| {},
    Flaw::Lax(|lax| lax.ignores_silence = true), ["transport.cut", "transport.never"]

    "transport.cut", Robustness, [],
    "A connection that ends in the middle of a reply ends the enrollment",
    Refuse * 1, |case| { case.reaction = |operation, response| match operation {
        Operation::PkiOperation => Reaction::Cut(response, 500),
        _ => Reaction::Respond(response),
    }; }, |_| {},
    Flaw::Lax(|lax| lax.ignores_silence = true), ["transport.closed", "transport.never"]

    "transport.never", Must, ["R-2.5.1-d"],
    "A server that does not answer a message is given up",
    Refuse * 1, |case| { case.reaction = |operation, response| match operation {
        Operation::PkiOperation => Reaction::Hang,
        _ => Reaction::Respond(response),
    }; }, |_| {},
    Flaw::Lax(|lax| lax.ignores_silence = true), ["transport.closed", "transport.cut"]

    "transport.slow", Robustness, [],
    "A reply that comes octet by octet is taken, or given up",
    Either * 1, |case| { case.reaction = |operation, response| match operation {
        Operation::PkiOperation => Reaction::Slow(response, Duration::from_millis(1)),
        _ => Reaction::Respond(response),
    }; }, |_| {},
    Flaw::Lax(|lax| lax.hangs_when_slow = true), []

    "transport.redirect", Security, [],
    "A redirection is not followed: a message is not sent to whoever says so",
    Refuse * 1, |case| { case.http = |operation, response| if operation == Operation::PkiOperation {
        response.status = 307;
        response.body.clear();
        response.headers.push(("location".into(), "elsewhere?operation=PKIOperation".into()));
    }; },
    |seen| {
        let followed = seen.requests().iter().any(|heard| heard.target.contains("/elsewhere"));
        ensure(!followed, "no other request", "one for where it points")?;
    },
    Flaw::Lax(|lax| lax.follows_redirects = true), []
}
