//! HTTP.sys: limits on the request line and header, and the queue of the application pool.

use crate::deployment::Deployment;
use crate::hresult::Hresult;
use crate::log::{system, text};
use crate::names;
use crate::page::http_sys::{self as page, Refusal};
use crate::runtime::pool::Off;
use crate::state::HttpSys;
use crate::wire::{Layer, Outcome, Request, Transit};

pub(crate) fn handle(d: &mut Deployment, t: &mut Transit, request: &Request) -> Outcome {
    t.spend_ms(1);
    if !d.state.iis.service.is_running() {
        // Without W3SVC nobody has reserved the port.
        return t.end(Layer::HttpSys, Outcome::Refused);
    }
    let refusal = beyond_limits(&d.state.http_sys, request).or_else(|| no_site(d, request));
    if let Some(refusal) = refusal {
        return refuse(d, t, request, refusal, "-");
    }
    let for_scep_pool = is_served_by_scep_pool(&request.path);
    if for_scep_pool {
        end_idle_worker(d, t);
    }
    if for_scep_pool {
        if let Err(refusal) = ensure_worker(d, t) {
            return refuse(d, t, request, refusal, names::SCEP_POOL);
        }
        if queue_is_full(d, t) {
            return refuse(d, t, request, page::QUEUE_FULL, names::SCEP_POOL);
        }
    }
    if for_scep_pool {
        d.pool.touch(t.now());
    }
    let outcome = super::iis::handle(d, t, request);
    if outcome == Outcome::Reset && t.crashed {
        let now = t.now();
        let reason = "Connection_Abandoned_By_ReqQueue";
        d.log(
            t,
            text::httperr(now, request, None, reason, names::SCEP_POOL),
        );
    }
    outcome
}

fn refuse(
    d: &mut Deployment,
    t: &mut Transit,
    request: &Request,
    refusal: Refusal,
    queue: &str,
) -> Outcome {
    let now = t.now();
    let line = text::httperr(
        now,
        request,
        Some(refusal.status),
        refusal.log_reason,
        queue,
    );
    d.log(t, line);
    let mut page = refusal.page();
    if d.state.http_sys.disable_server_header {
        page.headers.retain(|(name, _)| name != "Server");
    }
    t.answer(Layer::HttpSys, page)
}

/// Whether no site is there for a request.
fn no_site(d: &Deployment, request: &Request) -> Option<Refusal> {
    let site = &d.state.iis.site;
    if !site.state.is_running() {
        return Some(page::NO_SITE);
    }
    let bound = site.host_name.is_empty() || site.host_name.eq_ignore_ascii_case(&request.host);
    (!bound).then_some(page::INVALID_HOST)
}

/// Whether other devices have filled the queue at this moment.
fn queue_is_full(d: &Deployment, t: &Transit) -> bool {
    let load = &d.state.load;
    // Which request meets a wave depends on its number alone, so that a seed repeats it; the factor
    // spreads neighbours.
    let met = t.activity.wrapping_mul(61) % 100 < load.share_percent;
    met && load.waiting >= d.state.iis.scep_pool.queue_length
}

/// NDES and its admin page run in one pool; the rest of the site in another, which is healthy.
fn is_served_by_scep_pool(path: &str) -> bool {
    path.to_ascii_lowercase().starts_with("/certsrv/mscep")
}

fn beyond_limits(limits: &HttpSys, request: &Request) -> Option<Refusal> {
    let target = request.target().len();
    if target > limits.max_field_length {
        return Some(page::URL_TOO_LONG);
    }
    if has_invalid_segment(&request.path, limits.url_segment_max_length) {
        return Some(page::INVALID_URL);
    }
    let fields = || {
        request
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 4)
    };
    if fields().any(|len| len > limits.max_field_length) {
        return Some(page::FIELD_TOO_LONG);
    }
    if target + request.method.len() + fields().sum::<usize>() > limits.max_request_bytes {
        return Some(page::REQUEST_TOO_LONG);
    }
    let has_length =
        request.header("content-length").is_some() || request.header("transfer-encoding").is_some();
    if request.method.eq_ignore_ascii_case("POST") && !has_length {
        return Some(page::LENGTH_REQUIRED);
    }
    None
}

/// Whether a part of a path is too long, or holds what HTTP.sys takes for no URL.
fn has_invalid_segment(path: &str, longest: usize) -> bool {
    path.split('/').any(|segment| {
        let lower = segment.to_ascii_lowercase();
        segment.chars().count() > longest
            || lower.contains("%u")
            || lower.contains("%00")
            || segment.contains(['<', '>', '*', '|', '"'])
    })
}

/// WAS has ended the worker process if nobody asked anything for too long, or it ran for too long.
fn end_idle_worker(d: &mut Deployment, t: &Transit) {
    let settings = &d.state.iis.scep_pool;
    let (idle, restart) = (
        settings.idle_timeout.duration(),
        settings.periodic_restart.duration(),
    );
    let Some(worker) = &d.pool.worker else {
        return;
    };
    let entry = if worker.is_idle(idle, t.now()) {
        system::idle(worker.pid)
    } else if worker.is_old(restart, t.now()) {
        system::recycled(worker.pid)
    } else {
        return;
    };
    d.log(t, entry);
    super::ndes::stop(d, t);
}

/// Sees to it that a worker process runs: WAS logs the pool's identity on and starts one.
fn ensure_worker(d: &mut Deployment, t: &mut Transit) -> Result<(), Refusal> {
    match d.pool.off {
        Some(Off::RapidFail) => return Err(page::POOL_CRASHED),
        Some(Off::Stopped | Off::Identity) => return Err(page::POOL_DISABLED),
        None => {}
    }
    if d.pool.worker.is_some() {
        return Ok(());
    }
    t.spend_ms(400);
    let account = &d.state.ndes.service_account;
    if account.can_log_on() && account.batch_logon_right {
        d.pool.start_worker(t.now());
        return Ok(());
    }
    let status = logon_status(d);
    d.log(t, system::logon_failed(status));
    d.log(t, system::identity_invalid(logon_error(d)));
    d.log(t, system::disabled_by_identity());
    d.log(t, system::disabled_by_start());
    d.pool.off = Some(Off::Identity);
    Err(page::POOL_DISABLED)
}

/// NTSTATUS of a logon of the service account that fails.
pub(crate) fn logon_status(d: &Deployment) -> &'static str {
    let account = &d.state.ndes.service_account;
    if account.locked {
        "0xc0000234"
    } else if account.disabled {
        "0xc0000072"
    } else if account.password_expired {
        "0xc0000071"
    } else {
        "0xc000015b"
    }
}

/// The same failure as WAS reports it. A domain controller looks at the lock-out first.
fn logon_error(d: &Deployment) -> Hresult {
    let account = &d.state.ndes.service_account;
    if account.locked {
        Hresult::ACCOUNT_LOCKED_OUT
    } else if account.disabled {
        Hresult::ACCOUNT_DISABLED
    } else if account.password_expired {
        Hresult::PASSWORD_EXPIRED
    } else {
        Hresult::LOGON_TYPE_NOT_GRANTED
    }
}

/// Starts IIS: the worker process is there before the first request.
pub(crate) fn start(d: &mut Deployment, t: &mut Transit) {
    // Whatever comes of it stands in the logs and in the pool.
    let _ = ensure_worker(d, t);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_own_answer() {
        let limits = HttpSys {
            max_field_length: 100,
            max_request_bytes: 200,
            ..HttpSys::default()
        };
        let url = |n: usize| format!("http://h/?{}", "x".repeat(n));
        let status = |request: &Request| beyond_limits(&limits, request).map(|r| r.log_reason);
        assert_eq!(status(&Request::get(&url(90)).unwrap()), None);
        assert_eq!(status(&Request::get(&url(99)).unwrap()), Some("URL_Length"));
        let mut request = Request::get(&url(90)).unwrap();
        request.headers.push(("cookie".into(), "x".repeat(90)));
        assert_eq!(status(&request), None);
        request.headers.push(("cookie".into(), "x".repeat(90)));
        assert_eq!(status(&request), Some("RequestLength"));
        let mut request = Request::get(&url(1)).unwrap();
        request.headers.push(("cookie".into(), "x".repeat(101)));
        assert_eq!(status(&request), Some("FieldLength"));
        let mut request = Request::post("http://h/", "x/y", vec![1]).unwrap();
        assert_eq!(status(&request), None);
        request.headers.clear();
        assert_eq!(status(&request), Some("LengthRequired"));
    }
}
