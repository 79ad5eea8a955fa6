//! Short programs that show how to use the scep crates. Each starts what it needs, on loopback, and
//! is run by the tests.
//!
//! | `cargo run --example …` | shows |
//! |---|---|
//! | `decode_message` | what a pkiMessage says, from a line of an IIS log |
//! | `enroll` | a certificate from a SCEP server |
//! | `diagnose` | what is wrong with a server, from outside |
//! | `key_elsewhere` | a key that an HSM or a key service holds, signing at once or asynchronously |
//! | `mock_in_a_test` | the simulated deployment in a test of your own client |
//! | `own_network` | a network of your own under enrollment and diagnosis |
//! | `renew_in_a_loop` | an agent that keeps a certificate alive |
//! | `responder` | a minimal SCEP server, and a client of it, without any I/O |
