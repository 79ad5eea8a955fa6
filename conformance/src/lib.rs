//! What joins the other crates: client and mock in one memory, the closed loop over the catalogue,
//! and the generator of the documents in `docs/`.
//!
//! * [`loopback`]: a [`Network`](scep_client::Network) whose other end is a simulated deployment, on
//!   virtual time.
//! * [`closed_loop`]: brings the deployment into a failure mode, looks at it as far as a view
//!   allows, and says what was seen and what was diagnosed.
//! * [`noise`]: a front end that changes what does not matter.
//! * [`scenario_client`]: the client of a failure mode, played with this project's own.
//! * [`parallel`]: the same work for many things, on all cores.
//! * [`partition`]: which failure modes a view cannot tell apart, computed and declared.
//! * [`coverage`]: which check looks at which requirement.
//! * [`documents`]: the generated documents.
//! * [`by_hand`]: messages in parts that can each be made otherwise.
//! * [`server_suite`], [`client_suite`], [`verdict`]: checks of servers and of clients, and what they came to.
//! * [`expected`]: checks that are known to fail, with reasons.
//! * [`healthy`]: a subject for the server suite that needs nothing else.
//! * [`peers`]: what the suites found at others.
//! * [`requirements`]: those of RFC 8894, where each is implemented, and which test shows it.

pub mod by_hand;
pub mod client_suite;
pub mod closed_loop;
pub mod coverage;
pub mod documents;
pub mod expected;
pub mod healthy;
pub mod loopback;
pub mod noise;
pub mod parallel;
pub mod partition;
pub mod peers;
pub mod requirements;
pub mod scenario_client;
pub mod server_suite;
pub mod verdict;
