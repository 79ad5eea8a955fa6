//! How a worker process ends that does not end in good order.

use crate::deployment::Deployment;
use crate::log::system;
use crate::wire::Transit;

/// What WAS and Windows Error Reporting tell of a crash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrashKind {
    /// The process' exit code.
    exit: &'static str,
    /// The module of Application Error 1000; none if the process ended itself.
    module: Option<&'static str>,
}

/// An access violation in Windows' own code, on data that the policy module gave it.
pub(crate) const ACCESS_VIOLATION: CrashKind = CrashKind {
    exit: "0xc0000005",
    module: Some("ntdll.dll"),
};
/// The heap's own check found it damaged.
pub(crate) const HEAP_CORRUPTION: CrashKind = CrashKind {
    exit: "0xc0000374",
    module: None,
};
/// An access violation in a DLL of another product.
pub(crate) const INJECTED_DLL: CrashKind = CrashKind {
    exit: "0xc0000005",
    module: Some("epshield64.dll"),
};

/// The worker process goes down; after the fifth time in five minutes Windows leaves it at that.
pub(crate) fn crash(d: &mut Deployment, t: &mut Transit, kind: &CrashKind) {
    t.crashed = true;
    // What NDES remembered of requests was in the process.
    d.transactions = std::sync::Arc::default();
    let pid = d.pool.worker.as_ref().map_or(0, |worker| worker.pid);
    if let Some(module) = kind.module {
        d.log(t, system::application_error(module));
    }
    d.log(t, system::worker_terminated(pid, kind.exit));
    d.log(t, system::worker_lost(pid));
    if d.pool.crashed(t.now()) {
        d.log(t, system::rapid_fail());
    }
}
