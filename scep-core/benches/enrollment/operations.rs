//! What is measured. Each operation returns the length of the message that it read or made.

use std::hint::black_box;
use std::sync::Arc;

use scep_core::cms::{EnvelopedData, Openers, certs_only};
use scep_core::crypto::SystemRandom;
use scep_core::limits::Limits;
use scep_core::message::{
    IssuerAndSubject, MessageType, PkiStatus, SignedMessage, VerifiedMessage,
};
use scep_core::policy::AlgorithmPolicy;
use scep_core::x509::CertificationRequest;

use super::lab::Lab;

pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Lab) -> usize,
}

pub(crate) const PARSE: &str = "parse PKCSReq and envelope";
pub(crate) const ENROLLMENT: &str = "one enrollment (server)";

const LIMITS: Limits = Limits::DEFAULT;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        name: PARSE,
        run: |lab| {
            let message = SignedMessage::decode(&lab.request, &LIMITS).unwrap();
            black_box(EnvelopedData::decode(message.content().unwrap(), &LIMITS).unwrap());
            lab.request.len()
        },
    },
    Operation {
        name: "parse PKCS #10",
        run: |lab| {
            black_box(CertificationRequest::from_der(lab.csr.as_der()).unwrap());
            lab.csr.as_der().len()
        },
    },
    Operation {
        name: "PKCSReq: verify",
        run: |lab| {
            black_box(verified(lab));
            lab.request.len()
        },
    },
    Operation {
        name: "PKCSReq: verify, decrypt",
        run: |lab| {
            let keys = [(lab.ra.certificate.clone(), Arc::clone(&lab.ra.key))];
            let (provider, policy) = (lab.provider.as_ref(), &AlgorithmPolicy::RFC8894);
            let openers = Openers::keys(&keys);
            let opened = verified(lab).open(provider, policy, &LIMITS, openers, &mut SystemRandom);
            assert!(opened.unwrap().content.starts_with(&[0x30]));
            lab.request.len()
        },
    },
    Operation {
        name: "build PKCS #10",
        run: |lab| Lab::csr(&lab.client).as_der().len(),
    },
    Operation {
        name: "build PKCSReq",
        run: |lab| built(lab.message(MessageType::PkcsReq, lab.csr.as_der())),
    },
    Operation {
        name: "build RenewalReq",
        run: |lab| built(lab.message(MessageType::RenewalReq, lab.csr.as_der())),
    },
    Operation {
        name: "build CertPoll",
        run: |lab| {
            let names = IssuerAndSubject {
                issuer: lab.ca.certificate.subject().clone(),
                subject: lab.csr.subject().clone(),
            };
            built(lab.message(MessageType::CertPoll, &names.to_der()))
        },
    },
    Operation {
        name: "build GetCert",
        run: |lab| {
            let id = lab.client.certificate.issuer_and_serial();
            built(lab.message(MessageType::GetCert, &id.to_der()))
        },
    },
    Operation {
        name: "build GetCRL",
        run: |lab| {
            let id = lab.client.certificate.issuer_and_serial();
            built(lab.message(MessageType::GetCrl, &id.to_der()))
        },
    },
    Operation {
        name: "build CertRep SUCCESS",
        run: |lab| {
            let content = certs_only(std::slice::from_ref(&lab.client.certificate));
            built(lab.reply(PkiStatus::Success, Some(&content)))
        },
    },
    Operation {
        name: "build CertRep PENDING",
        run: |lab| built(lab.reply(PkiStatus::Pending, None)),
    },
    Operation {
        name: "build CertRep FAILURE",
        run: |lab| built(lab.reply(PkiStatus::Failure, None)),
    },
    Operation {
        name: ENROLLMENT,
        run: |lab| built(lab.enroll()),
    },
];

fn built(message: Vec<u8>) -> usize {
    black_box(message).len()
}

fn verified(lab: &Lab) -> VerifiedMessage {
    let message = SignedMessage::decode(&lab.request, &LIMITS).unwrap();
    let (provider, policy) = (lab.provider.as_ref(), &AlgorithmPolicy::RFC8894);
    message.verify(provider, policy, &[]).unwrap()
}
