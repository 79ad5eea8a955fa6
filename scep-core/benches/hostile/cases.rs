//! Every decoder that a stranger's octets reach, with every kind of input that can hurt it.

use scep_core::asn1::transcode;
use scep_core::ca_certificates::CaCertificates;
use scep_core::capabilities::Capabilities;
use scep_core::cms::EnvelopedData;
use scep_core::crypto::{RandomSource, RustCrypto};
use scep_core::http::ServerRequest;
use scep_core::inspect::{Aids, inspect, outline};
use scep_core::limits::Limits;
use scep_core::message::SignedMessage;
use scep_core::next_ca_certificates::NextCaCertificates;
use scep_core::policy::AlgorithmPolicy;

use super::inputs::{self, Kind};

const LIMITS: Limits = Limits::DEFAULT;

/// A decoder.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Decodes, and says whether the input was taken.
    pub(crate) run: fn(&[u8]) -> bool,
    /// What it is fed with.
    pub(crate) kinds: &'static [&'static [Kind]],
}

const ALL: &[&[Kind]] = &[inputs::VALUES, inputs::MESSAGES, inputs::ENVELOPES];

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "transcode",
        run: |input| transcode(input, &LIMITS).is_ok(),
        kinds: ALL,
    },
    Target {
        name: "SignedMessage::decode",
        run: |input| SignedMessage::decode(input, &LIMITS).is_ok(),
        kinds: &[inputs::MESSAGES],
    },
    Target {
        name: "SignedMessage::decode_prefix",
        run: |input| SignedMessage::decode_prefix(input, &LIMITS).is_ok(),
        kinds: &[inputs::MESSAGES],
    },
    Target {
        name: "EnvelopedData::decode",
        run: |input| EnvelopedData::decode(input, &LIMITS).is_ok(),
        kinds: &[inputs::ENVELOPES],
    },
    Target {
        name: "CaCertificates::from_response",
        run: |input| CaCertificates::from_response(input).is_ok(),
        kinds: &[inputs::MESSAGES],
    },
    Target {
        name: "NextCaCertificates::from_response",
        run: |input| {
            let (current, policy) = (CaCertificates::new(Vec::new()), AlgorithmPolicy::LEGACY);
            NextCaCertificates::from_response(input, &current, &RustCrypto, &policy, &LIMITS)
                .is_ok()
        },
        kinds: &[inputs::MESSAGES],
    },
    Target {
        name: "inspect",
        run: |input| inspect(&RustCrypto, input, &Aids::default(), &mut Zeros).is_ok(),
        kinds: &[
            inputs::VALUES,
            inputs::MESSAGES,
            inputs::ENVELOPES,
            inputs::STRUCTURES,
            inputs::TEXTS,
        ],
    },
    Target {
        name: "outline",
        run: |input| !outline(input).is_empty(),
        kinds: ALL,
    },
    Target {
        name: "Capabilities::parse",
        run: |input| !Capabilities::parse(input).is_empty(),
        kinds: &[inputs::CAPABILITIES],
    },
    Target {
        name: "ServerRequest::from_http, GET",
        run: |input| {
            let query = core::str::from_utf8(input).unwrap_or_default();
            ServerRequest::from_http("GET", Some(query), &[]).is_ok()
        },
        kinds: &[inputs::QUERIES],
    },
    Target {
        name: "ServerRequest::from_http, POST",
        run: |input| {
            ServerRequest::from_http("POST", Some("operation=PKIOperation"), input).is_ok()
        },
        kinds: &[inputs::TEXTS],
    },
];

/// Nothing random is made of a stranger's octets.
struct Zeros;

impl RandomSource for Zeros {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0);
    }
}
