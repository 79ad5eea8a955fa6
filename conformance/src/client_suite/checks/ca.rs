//! What a client makes of GetCACert (RFC 8894 sections 2.2 and 4.2).

use scep_core::UnixTime;
use scep_core::http::Operation;
use scep_core::x509::{Certificate, CertificateBuilder, Extension, KeyUsage};

use super::checks;
use crate::client_suite::layout::set_usage;
use crate::client_suite::{Flaw, Layout, Pki, Reaction, Seen};
use crate::server_suite::{Identity, ensure};
use crate::verdict::Outcome;

/// Requires that nothing was sent that anybody but the trusted CA itself can read.
fn nothing_sent(seen: &Seen<'_>) -> Outcome {
    let trusted = seen.anchor().issuer_and_serial().to_der();
    for message in seen.messages() {
        let to_trusted = message.enveloped(|envelope| {
            let mut infos = envelope.recipients.iter();
            infos.all(|info| info.windows(trusted.len()).any(|part| part == trusted))
        });
        ensure(
            to_trusted,
            "nothing that a stranger can read",
            "a message to him",
        )?;
    }
    Ok(())
}

fn chain(pki: &Pki) -> scep_core::Result<Layout> {
    pki.chain(|_| ())
}

fn ra(pki: &Pki) -> scep_core::Result<Layout> {
    pki.ra(|_| ())
}

/// Over since yesterday.
fn expire(certificate: &mut CertificateBuilder) {
    certificate.not_after = UnixTime(certificate.not_before.0 + 86_400);
}

/// Certificates of the same names that another key has signed.
fn forged(pki: &Pki, layout: Layout) -> scep_core::Result<Layout> {
    let stranger = Identity {
        certificate: layout.anchor.clone(),
        key: layout.stranger.key.clone(),
    };
    let forge = |identity: &Identity| -> scep_core::Result<Identity> {
        let name = identity.certificate.subject().to_string();
        let extensions = identity.certificate.extensions().to_vec();
        pki.certify(&name, &identity.key, Some(&stranger), |c| {
            c.extensions = extensions;
        })
    };
    let signer = forge(&layout.signer)?;
    let decrypters: Vec<_> = layout
        .decrypters
        .iter()
        .map(forge)
        .collect::<Result<_, _>>()?;
    let forged = [&signer].into_iter().chain(&decrypters);
    let mut bundle: Vec<_> = forged.map(|id| id.certificate.clone()).collect();
    bundle.dedup();
    bundle.push(layout.anchor.clone());
    let issuing = if layout.issuing.certificate == layout.anchor {
        layout.issuing.clone()
    } else {
        signer.clone()
    };
    Ok(Layout {
        signer,
        decrypters,
        bundle,
        issuing,
        ..layout
    })
}

checks! {
    "ca.chain", Must, ["R-2.2-c", "R-2.2-j", "R-4.2.1.2-a"],
    "A subordinate CA that comes with the root which is trusted is enrolled with",
    Accept * 1, |case| { case.layout = chain; }, |_| {},
    Flaw::Picky(|reading| reading.bundle.is_some_and(|bundle| bundle.len() == 2 && bundle.iter().all(Certificate::is_ca)
        && bundle.first().is_some_and(|c| !c.is_self_issued()))), []

    "ca.chain-reversed", Robustness, ["R-4.2.1.2-a"],
    "The root may come first: a message is encrypted to the CA below it all the same",
    Accept * 1, |case| {
        case.layout = chain;
        case.bundle = |_, mut bundle| { bundle.reverse(); bundle };
    }, |_| {},
    Flaw::Lax(|lax| lax.takes_first = true), ["ca.ra", "ca.ra-reversed", "ca.wrong", "ca.expired-intermediate",
        "ca.foreign-intermediate", "ca.intermediate-is-no-ca", "ca.expired-ra", "ca.foreign-ra"]

    "ca.wrong", Must, ["R-2.1.1-c", "R-2.2-f", "R-2.2-i", "R-7-a"],
    "Nothing is sent to a CA that is another one than the trusted one",
    Refuse * 1, |case| {
        case.layout = |pki| {
            let single = pki.single()?;
            let stranger = single.stranger.clone();
            Ok(Layout {
                issuing: stranger.clone(),
                decrypters: vec![stranger.clone()],
                bundle: vec![stranger.certificate.clone()],
                signer: stranger,
                ..single
            })
        };
    },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.any_ca = true), []

    "ca.expired-intermediate", Must, ["R-2.2-k"],
    "Nothing is sent to a subordinate CA whose certificate has expired",
    Refuse * 1, |case| { case.layout = |pki| pki.chain(expire); },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.any_dates = true), ["ca.expired-ra"]

    "ca.foreign-intermediate", Must, ["R-2.2-k"],
    "Nothing is sent to a subordinate CA that the trusted one has not signed",
    Refuse * 1, |case| { case.layout = |pki| forged(pki, chain(pki)?); },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.any_issuer = true), ["ca.foreign-ra"]

    "ca.intermediate-is-no-ca", Must, ["R-2.2-k", "X-d"],
    "Nothing is sent to an issuer whose own issuer is no CA",
    Refuse * 1, |case| {
        case.layout = |pki| {
            let [_, _, third, _] = &pki.keys;
            let above = pki.chain(|certificate| {
                let usage = Extension::key_usage(KeyUsage::DIGITAL_SIGNATURE);
                certificate.extensions = vec![Extension::basic_constraints(false, None), usage];
            })?;
            let below = pki.certify("CN=Suite Third CA", third, Some(&above.issuing), |_| ())?;
            let mut bundle = above.bundle.clone();
            bundle.insert(0, below.certificate.clone());
            Ok(Layout {
                bundle,
                decrypters: vec![below.clone()],
                signer: below.clone(),
                issuing: below,
                ..above
            })
        };
    },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.takes_first = true), ["ca.chain-reversed", "ca.ra", "ca.ra-reversed", "ca.wrong", "ca.expired-intermediate", "ca.foreign-intermediate", "ca.expired-ra", "ca.foreign-ra"]

    "ca.ra", Robustness, ["R-3.5.2-z", "R-4.2.1.2-c", "R-4.2.1.2-d"],
    "Of two RA certificates the one that decrypts is encrypted to, and the one that signs is believed, as NDES has them",
    Accept * 1, |case| { case.layout = ra; }, |_| {},
    Flaw::Picky(|reading| reading.bundle.is_some_and(|bundle| bundle.len() == 3
        && bundle.first().is_some_and(|c| c.key_usage() == Some(KeyUsage::DIGITAL_SIGNATURE)))), []

    "ca.ra-reversed", Robustness, ["R-4.2.1.2-d"],
    "They may come in another order, after the CA",
    Accept * 1, |case| {
        case.layout = ra;
        case.bundle = |_, mut bundle| { bundle.reverse(); bundle };
    }, |_| {},
    Flaw::Picky(|reading| reading.bundle.is_some_and(|bundle| bundle.len() == 3
        && bundle.first().is_some_and(Certificate::is_ca)
        && bundle.first().is_some_and(Certificate::is_self_issued)
        && bundle.last().is_some_and(|c| !c.is_ca()))), []

    "ca.expired-ra", Security, [],
    "Nothing is sent to an RA whose certificates have expired",
    Refuse * 1, |case| { case.layout = |pki| pki.ra(expire); },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.any_dates = true), ["ca.expired-intermediate"]

    "ca.foreign-ra", Security, ["R-2.2-k"],
    "Nothing is sent to an RA that the CA has not certified",
    Refuse * 1, |case| { case.layout = |pki| forged(pki, ra(pki)?); },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.any_issuer = true), ["ca.foreign-intermediate"]

    "ca.ec", Must, ["R-3.1-c", "R-3.1-f", "C-l", "C-m"],
    "To a CA whose key cannot decrypt a message is encrypted with the challenge password, or not sent at all",
    Any * 1, |case| { case.layout = Pki::ec; },
    |seen| {
        for peek in seen.messages() {
            let password = peek.enveloped(|envelope| envelope.version == 3);
            ensure(password && peek.opened, "an envelope that the password opens", "something else")?;
        }
    },
    Flaw::Lax(|lax| lax.bare_for_ec = true), []

    "ca.no-digital-signature", Robustness, ["R-2.1.2-b"],
    "A CA certificate without digitalSignature is taken or refused",
    Either * 1, |case| {
        case.layout = |pki| {
            let [first, ..] = &pki.keys;
            let single = pki.single()?;
            let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::KEY_ENCIPHERMENT;
            let ca = pki.certify("CN=Suite CA", first, None, |certificate| {
                set_usage(certificate, usage);
            })?;
            Ok(Layout {
                anchor: ca.certificate.clone(),
                bundle: vec![ca.certificate.clone()],
                decrypters: vec![ca.clone()],
                signer: ca.clone(),
                issuing: ca,
                ..single
            })
        };
    }, |_| {},
    Flaw::Crashes(|reading| reading.bundle.is_some_and(|bundle| bundle.len() == 1 && bundle.iter().any(|c| {
        c.is_ca() && c.key_usage().is_some_and(|usage| !usage.contains(KeyUsage::DIGITAL_SIGNATURE))
    }))), []

    "ca.content-type", Robustness, ["R-4.2.1.1-b"],
    "The right certificate as application/octet-stream is taken or refused",
    Either * 1, |case| { case.http = |operation, response| if operation == Operation::GetCaCert {
        response.headers = vec![("content-type".into(), "application/octet-stream".into())];
    }; }, |_| {},
    Flaw::Crashes(|reading| reading.came(|http| http.header("content-type") == Some("application/octet-stream"))), []

    "ca.html", Robustness, [],
    "A page of HTML in the place of a certificate ends the enrollment",
    Refuse * 1, |case| { case.http = |operation, response| if operation == Operation::GetCaCert {
        response.headers = vec![("content-type".into(), "text/html".into())];
        response.body = b"<html><head><title>Sign in</title></head><body>Please sign in.</body></html>".to_vec();
    }; },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.guesses_ca = true), ["ca.empty"]

    "ca.empty", Robustness, [],
    "An empty body in the place of a certificate ends the enrollment",
    Refuse * 1, |case| { case.http = |operation, response| if operation == Operation::GetCaCert {
        response.body.clear();
    }; },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.guesses_ca = true), ["ca.html"]

    "ca.not-found", Robustness, [],
    "HTTP 404 in the place of a certificate ends the enrollment, whatever the body is",
    Refuse * 1, |case| { case.http = |operation, response| if operation == Operation::GetCaCert {
        response.status = 404;
    }; },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.any_http_status = true), []

    "ca.hang", Robustness, ["R-2.5.1-d"],
    "A server that does not answer GetCACert is given up",
    Refuse * 1, |case| { case.reaction = |operation, response| match operation {
        Operation::GetCaCert => Reaction::Hang,
        _ => Reaction::Respond(response),
    }; },
    |seen| { nothing_sent(seen)?; },
    Flaw::Lax(|lax| lax.guesses_ca_in_silence = true),
    []
}
