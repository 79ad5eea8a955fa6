//! Our client against micromdm's `scepserver` (Debian package `scep`), which answers with SHA-1 and
//! single DES, whatever it was asked with.

use scep_client::enroll::Outcome;
use scep_core::client::MethodChoice;
use scep_core::message::{ChallengePassword, FailInfo};
use scep_core::policy::AlgorithmPolicy;

use crate::judge::{keep, understood};
use crate::our_client::{Scene, ask, issued};
use crate::peer_server::PeerServer;
use crate::scene::published_key;

#[test]
fn we_enroll_by_post_and_by_get() {
    let Some(peer) = PeerServer::scepserver("scepserver::we_enroll_by_post_and_by_get") else {
        return;
    };
    let scene = Scene::with(peer);
    for (choice, method) in [
        (MethodChoice::ByCapabilities, "POST"),
        (MethodChoice::Get, "GET"),
    ] {
        let mut params = scene.params();
        params.server.policy = AlgorithmPolicy::LEGACY;
        params.server.method = choice;
        scene.judge(&issued(ask(params)));
        let exchanges = scene.recorder.pki_exchanges();
        let last = exchanges.last().unwrap();
        assert_eq!(last.request.method, method);
        keep(method, &last.response.body);
        let reply = understood(
            &last.response.body,
            &[published_key("device-1")],
            std::slice::from_ref(&scene.ca),
        );
        assert_eq!(reply.digest.as_deref(), Some("SHA-1"));
        assert_eq!(reply.cipher.as_deref(), Some("DES-CBC"));
    }
}

#[test]
fn single_des_is_refused_unless_asked_for() {
    let Some(peer) = PeerServer::scepserver("scepserver::single_des_is_refused_unless_asked_for")
    else {
        return;
    };
    let scene = Scene::with(peer);
    let mut params = scene.params();
    params.server.policy = AlgorithmPolicy::RFC8894;
    let failed = ask(params).unwrap_err();
    let sentence = format!("{:?}", failed.error);
    assert!(sentence.contains("ForbiddenByPolicy"), "{sentence}");
}

#[test]
fn we_understand_that_we_are_refused() {
    let Some(peer) = PeerServer::scepserver("scepserver::we_understand_that_we_are_refused") else {
        return;
    };
    let scene = Scene::with(peer);
    let mut params = scene.params();
    params.server.policy = AlgorithmPolicy::LEGACY;
    params.challenge = Some(ChallengePassword::new("wrong"));
    let enrolled = ask(params).unwrap();
    let Outcome::Refused(refusal) = enrolled.outcome else {
        panic!("{enrolled:?}");
    };
    assert_eq!(refusal.fail_info, Some(FailInfo::BadRequest));
}
