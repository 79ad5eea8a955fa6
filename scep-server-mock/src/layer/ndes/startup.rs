//! The start-up of NDES: on the first request to a worker process, and on each one after a failure.
//!
//! ```text
//! logon session ─► RA certificates ─► their keys ─► their chains ─► revocation (CRL over HTTP)
//!                                                        ─► the CA, by RPC ─► events 47, 48, 1
//! ```

use scep_core::cms::SignatureOid;
use scep_core::crypto::{ContentCipher, CryptoProvider};
use scep_core::limits::Limits;
use scep_core::message::EmptyContent;
use scep_core::server::{
    CipherChoice, DigestChoice, Echo, KeyTransportChoice, ReplyStyle, Responder, ResponderConfig,
    SenderNonceStyle,
};
use scep_core::x509::Certificate;

use super::ra_selection::{self, Unfit};
use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::layer::ca::{self, CaContact};
use crate::layer::http_sys;
use crate::layer::revocation::{self, Account};
use crate::log::{capi2, ndes as event, system};
use crate::names;
use crate::pki::{Identity, RaRole, StoreEntry};
use crate::profile::{
    DigestChoice as ProfileDigest, EchoKind, EmptyContentKind, Profile, ReplyCipher, ResponderRole,
    SignatureOidKind, Undecodable,
};
use crate::runtime::pool::NdesService;
use crate::state::{KeyKind, KeyProvider};
use crate::wire::Transit;

/// Starts NDES in the worker process, if it does not run.
///
/// # Errors
/// The code of event 2.
pub(super) fn ensure_started(d: &mut Deployment, t: &mut Transit) -> Result<(), Hresult> {
    if d.pool.ndes().is_some() {
        return Ok(());
    }
    t.spend_ms(60);
    match start(d, t) {
        Ok(service) => {
            if let Some(worker) = d.pool.worker.as_mut() {
                worker.ndes = Some(service);
            }
            d.log(t, event::started());
            Ok(())
        }
        Err(code) => {
            d.log(t, event::cannot_start(code));
            Err(code)
        }
    }
}

fn start(d: &mut Deployment, t: &mut Transit) -> Result<NdesService, Hresult> {
    match d.profile.responder {
        ResponderRole::RaPair => start_with_ra(d, t),
        ResponderRole::IssuingCa => {
            find_ca(d, t)?;
            // It has no use for RA certificates, but its profile may hand them out.
            let [signing, encryption] = [RaRole::Signing, RaRole::Encryption]
                .map(|role| d.pki.ra_certificate(role).identity.certificate.clone());
            let certificates = d.profile.certificates(&d.pki, &signing, &encryption);
            let pair = d.pki.issuing_ca.pair();
            Ok(service(d, pair.clone(), pair, None, certificates))
        }
    }
}

/// The service of a server that has nothing of Windows to check.
pub(super) fn without_windows(d: &mut Deployment) -> NdesService {
    let [signing, encryption] = [RaRole::Signing, RaRole::Encryption]
        .map(|role| d.pki.ra_certificate(role).identity.clone());
    let certificates =
        d.profile
            .certificates(&d.pki, &signing.certificate, &encryption.certificate);
    let (signer, decrypter) = match d.profile.responder {
        ResponderRole::RaPair => (signing.pair(), encryption.pair()),
        ResponderRole::IssuingCa => (d.pki.issuing_ca.pair(), d.pki.issuing_ca.pair()),
    };
    service(d, signer, decrypter, None, certificates)
}

/// What NDES needs before it looks at certificates: rights, its registry key, its policy module.
fn environment(d: &mut Deployment, t: &Transit) -> Result<(), Hresult> {
    let (ndes, module) = (&d.state.ndes, &d.state.policy_module);
    if !ndes.service_account.in_iis_iusrs {
        return Err(Hresult::E_ACCESSDENIED);
    }
    if d.state.iis.mscep.extensionless_handler_first {
        return Err(Hresult::MORE_DATA);
    }
    // Without the account's profile its part of the registry is not loaded, and what was protected with
    // its keys cannot be read.
    if !d.state.iis.scep_pool.load_user_profile {
        return Err(Hresult::FILE_NOT_FOUND);
    }
    let registry = &ndes.registry;
    if !registry.missing_values.is_empty() {
        d.log(t, event::no_ra_certificate(Hresult::FILE_NOT_FOUND));
        return Err(Hresult::FILE_NOT_FOUND);
    }
    if registry.use_single_password && !registry.writable {
        return Err(Hresult::FILE_NOT_FOUND);
    }
    if module.installed && !module.dll_present {
        d.log(t, event::policy_module_not_started(Hresult::FILE_NOT_FOUND));
        return Err(Hresult::FILE_NOT_FOUND);
    }
    Ok(())
}

fn start_with_ra(d: &mut Deployment, t: &mut Transit) -> Result<NdesService, Hresult> {
    environment(d, t)?;
    // Whether the second can be used is not looked at when the first cannot.
    let pair = usable(d, t, RaRole::Signing)
        .and_then(|signing| Some((signing, usable(d, t, RaRole::Encryption)?)));
    let Some((signing, encryption)) = pair else {
        // NDES reports each of these as a parameter that is not correct; what it was stands in
        // CAPI2.
        d.log(t, event::no_ra_certificate(Hresult::E_INVALIDARG));
        return Err(Hresult::E_INVALIDARG);
    };
    find_ca(d, t)?;
    let (agent, recipient) = (&signing.certificate, &encryption.certificate);
    d.log(
        t,
        event::loaded_exchange_certificate(&recipient.serial_hex()),
    );
    d.log(t, event::loaded_signature_certificate(&agent.serial_hex()));
    let certificates = d.profile.certificates(&d.pki, agent, recipient);
    Ok(service(
        d,
        signing.pair(),
        encryption.pair(),
        Some(agent.clone()),
        certificates,
    ))
}

/// The certificate of the machine store that NDES takes for a role, if it can use it.
fn usable(d: &mut Deployment, t: &mut Transit, role: RaRole) -> Option<Identity> {
    let cas: Vec<&Certificate> = d.pki.issuing_cas().map(|ca| &ca.certificate).collect();
    let choice = ra_selection::choose(d.pki.ra_store(), role, &cas, d.provider.as_ref(), t.now());
    t.notes.push(ra_selection::describe(role, &choice));
    let entry = match choice {
        Ok(choice) => choice.entry.clone(),
        Err(unfit) => {
            if unfit.contains(&Unfit::OtherCa) {
                let subject = d
                    .pki
                    .ra_certificate(role)
                    .identity
                    .certificate
                    .subject()
                    .to_string();
                d.log(t, capi2::objects(&subject));
                d.log(t, capi2::build_chain(&subject));
                d.log(t, capi2::chain_policy(&subject, Hresult::CERT_E_CHAINING));
            }
            return None;
        }
    };
    check(d, t, &entry).ok()?;
    Some(entry.identity)
}

/// Acquires the key of a certificate, builds its chain and checks revocation.
fn check(d: &mut Deployment, t: &mut Transit, entry: &StoreEntry) -> Result<(), Hresult> {
    let certificate = &entry.identity.certificate;
    let subject = certificate.subject().to_string();
    d.log(t, capi2::objects(&subject));
    let may_read = entry
        .state
        .key_read
        .iter()
        .any(|account| account == names::SERVICE_ACCOUNT);
    // NDES asks CryptoAPI for the key, which knows nothing of CNG's providers, nor of EC keys.
    let legacy =
        entry.state.key_provider == KeyProvider::Csp && entry.state.key_kind == KeyKind::Rsa;
    let key = if !legacy {
        Hresult::NTE_BAD_PROV_TYPE
    } else if may_read {
        Hresult::OK
    } else {
        Hresult::NTE_BAD_KEYSET
    };
    d.log(t, capi2::acquire_key(&subject, key));
    if key != Hresult::OK {
        return Err(key);
    }
    let chain = chain_status(d, t, certificate);
    d.log(t, capi2::build_chain(&subject));
    d.log(t, capi2::chain_built(&subject, chain));
    d.log(t, capi2::chain_policy(&subject, chain));
    if chain != Hresult::OK {
        return Err(chain);
    }
    revocation::check(d, t, Account::Service, certificate)
}

/// Whether a certificate chains to the root and all dates hold.
fn chain_status(d: &Deployment, t: &Transit, certificate: &Certificate) -> Hresult {
    let provider: &dyn CryptoProvider = d.provider.as_ref();
    let root = &d.pki.root.certificate;
    let mut cas = d.pki.issuing_cas().map(|ca| &ca.certificate);
    let issuer = cas.find(|ca| certificate.verify_issued_by(provider, ca).is_ok());
    let Some(ca) = issuer.filter(|ca| ca.verify_issued_by(provider, root).is_ok()) else {
        return Hresult::CERT_E_UNTRUSTEDROOT;
    };
    if [certificate, ca, root]
        .into_iter()
        .all(|c| c.is_valid_at(t.now()))
    {
        Hresult::OK
    } else {
        Hresult::CERT_E_EXPIRED
    }
}

/// Asks the CA who it is.
fn find_ca(d: &mut Deployment, t: &mut Transit) -> Result<(), Hresult> {
    let contact = ca::contact(d, t);
    if contact == CaContact::LogonFailed {
        let status = http_sys::logon_status(d);
        d.log(t, system::logon_failed(status));
    }
    if contact == CaContact::Answers {
        return Ok(());
    }
    d.log(t, event::no_ca_information(Hresult::E_FAIL));
    Err(Hresult::E_FAIL)
}

type Pair = (
    Certificate,
    std::sync::Arc<dyn scep_core::crypto::PrivateKey>,
);

fn service(
    d: &mut Deployment,
    signer: Pair,
    decrypter: Pair,
    agent: Option<Certificate>,
    certificates: Vec<Certificate>,
) -> NdesService {
    let responder = Responder::new(ResponderConfig {
        provider: std::sync::Arc::clone(&d.provider),
        signer,
        decrypters: vec![decrypter],
        issuers: vec![d.pki.issuing_ca.certificate.clone()],
        policy: d.profile.accepts.policy(),
        style: style(&d.profile),
        limits: Limits::DEFAULT,
    });
    NdesService {
        responder,
        certificates,
        agent,
        passwords: d.kept_passwords.take().unwrap_or_default(),
        answered: Default::default(),
    }
}

fn style(profile: &Profile) -> ReplyStyle {
    ReplyStyle {
        include_signer: profile.reply.signer_certificate,
        empty_content: match profile.reply.empty_content {
            EmptyContentKind::Absent => EmptyContent::Absent,
            EmptyContentKind::ZeroLength => EmptyContent::ZeroLength,
            EmptyContentKind::OneZeroOctet => EmptyContent::OneZeroOctet,
        },
        signature_oid: match profile.reply.signature_oid {
            SignatureOidKind::RsaEncryption => SignatureOid::RsaEncryption,
            SignatureOidKind::WithDigest => SignatureOid::WithDigest,
        },
        digest: match profile.reply.digest {
            ProfileDigest::Mirror => DigestChoice::Mirror,
            ProfileDigest::Sha1 => DigestChoice::Fixed(scep_core::crypto::DigestAlgorithm::Sha1),
            ProfileDigest::Sha256 => {
                DigestChoice::Fixed(scep_core::crypto::DigestAlgorithm::Sha256)
            }
        },
        cipher: match profile.reply.cipher {
            ReplyCipher::Mirror => CipherChoice::Mirror,
            ReplyCipher::Des => CipherChoice::Fixed(ContentCipher::DesCbc),
            ReplyCipher::Des3 => CipherChoice::Fixed(ContentCipher::DesEde3Cbc),
        },
        key_transport: if profile.reply.oaep_for_aes {
            KeyTransportChoice::OaepForAes
        } else {
            KeyTransportChoice::Mirror
        },
        echo: match profile.reply.echo {
            EchoKind::Right => Echo::Right,
            EchoKind::OtherNonce => Echo::OtherNonce,
            EchoKind::HalfTransactionId => Echo::HalfTransactionId,
        },
        sender_nonce: SenderNonceStyle::Fresh,
        signing_time: false,
        microsoft_attributes: profile.reply.microsoft_attributes,
        fail_info_text: profile.reply.fail_info_text,
        answer_broken_requests: profile.undecodable == Undecodable::BadRequest,
    }
}
