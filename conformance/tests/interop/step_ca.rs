//! Our client against step-ca, whose issuing CA stands below a root, and which wants the challenge password for
//! a renewal, too.

use scep_client::enroll::Outcome;
use scep_core::client::{MethodChoice, Renewal, Signer};
use scep_core::message::FailInfo;

use crate::our_client::{Scene, ask, issued};
use crate::peer_server::PeerServer;
use crate::scene::published_key;

#[test]
fn we_enroll_and_renew_by_post() {
    let Some(peer) = PeerServer::step_ca() else {
        return;
    };
    let scene = Scene::with(peer);
    let first = issued(ask(scene.params()));
    scene.judge(&first);
    let exchanges = scene.recorder.pki_exchanges();
    assert_eq!(exchanges.last().unwrap().request.method, "POST");

    let renewed = |with_challenge: bool| {
        let mut params = scene.params();
        let current = Signer::new(first.certificate.clone(), params.key).unwrap();
        params.key = published_key("device-2");
        let mut renewal = Renewal::new(current);
        renewal.send_challenge = with_challenge;
        params.renewal = Some(renewal);
        params
    };
    scene.judge(&issued(ask(renewed(true))));
    let refused = ask(renewed(false)).unwrap();
    let Outcome::Refused(refusal) = refused.outcome else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.fail_info, Some(FailInfo::BadRequest));
}

/// It answers GET with 200 and nothing, or with 500, depending on how the question is written.
#[test]
fn by_get_nothing_comes() {
    let Some(peer) = PeerServer::step_ca() else {
        return;
    };
    let scene = Scene::with(peer);
    let mut params = scene.params();
    params.server.method = MethodChoice::Get;
    let failed = ask(params).unwrap_err();
    let sentence = failed.error.to_string();
    assert!(sentence.contains("PKIOperation"), "{sentence}");
}
