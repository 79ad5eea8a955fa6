//! Further deployments, each whole and on ports of its own: for phones, and for tests side by side.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{MockNdes, Shared, Urls, lock};
use super::api::{self, failed, ok, refused};
use crate::wire::Response;

/// More than this many at once are not started.
const MOST: usize = 64;

/// The deployments that were started by the control port of another.
#[derive(Debug, Default)]
pub(in super::super) struct Instances(Mutex<Started>);

#[derive(Debug, Default)]
struct Started {
    last: u32,
    running: Vec<(u32, MockNdes)>,
}

/// What is wanted of a deployment.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wish {
    /// A failure mode to arm: `id`, or `id.variant`.
    failure: Option<String>,
    /// Several of them.
    failures: Vec<String>,
    /// Name of the baseline; by default the one that the failure modes need.
    baseline: Option<String>,
    /// Name of the server profile; by default the baseline's.
    profile: Option<String>,
    /// Repeats serial numbers, nonces and passwords of another run.
    seed: Option<u64>,
}

/// A deployment that runs.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub(super) struct InstanceView {
    /// Its number.
    id: u32,
    /// What is armed.
    armed: Vec<String>,
    /// Its URLs.
    urls: Urls,
}

fn view(id: u32, mock: &MockNdes) -> InstanceView {
    InstanceView {
        id,
        armed: mock.armed(),
        urls: mock.urls(),
    }
}

pub(super) fn list(shared: &Shared) -> Vec<InstanceView> {
    let started = lock(&shared.instances.0);
    let running = started.running.iter();
    running.map(|(id, mock)| view(*id, mock)).collect()
}

/// Starts one.
pub(super) async fn start(shared: &Arc<Shared>, body: &[u8]) -> Response {
    let wish: Wish = match api::read(body) {
        Ok(wish) => wish,
        Err(refusal) => return refusal,
    };
    if lock(&shared.instances.0).running.len() >= MOST {
        return failed(
            409,
            &format!("{MOST} instances run already; end some first"),
        );
    }
    let mut builder = shared.template.another();
    for failure in wish.failure.iter().chain(&wish.failures) {
        builder = builder.with_failure(failure);
    }
    if let Some(name) = wish.baseline {
        builder = builder.with_baseline(name);
    }
    if let Some(name) = wish.profile {
        builder = builder.with_profile(name);
    }
    if let Some(seed) = wish.seed {
        builder = builder.with_seed(seed);
    }
    match MockNdes::launch(builder).await {
        Ok(mock) => {
            let mut started = lock(&shared.instances.0);
            started.last += 1;
            let id = started.last;
            let view = view(id, &mock);
            started.running.push((id, mock));
            ok(&view)
        }
        Err(error) => refused(&error),
    }
}

/// Ends one.
pub(super) fn end(shared: &Shared, id: &str) -> Response {
    let mut started = lock(&shared.instances.0);
    let found = started
        .running
        .iter()
        .position(|(known, _)| known.to_string() == id);
    match found {
        Some(at) => {
            let (id, _) = started.running.remove(at);
            ok(&json!({ "ended": id }))
        }
        None => failed(404, &format!("there is no instance {id}")),
    }
}
