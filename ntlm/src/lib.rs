//! NTLMv2 ([MS-NLMP]): the three messages, for a client and for a server.
//!
//! IIS guards the admin page of NDES by Windows authentication, so whoever fetches challenge passwords
//! has to speak it. Only authentication is here: no signing or sealing of what follows, no NTLMv1, no
//! LM, no channel bindings (so a server with Extended Protection set to "required" refuses).
//!
//! ```
//! use scep_ntlm::{Account, Challenge, Random, authenticate, negotiate, verify};
//!
//! let account = Account::new("LAB\\ndes-admin", "secret");
//! let first = negotiate();
//! // the server's side
//! let challenge = Challenge::new("LAB", [7; 8], 133_000_000_000_000_000);
//! let second = challenge.encode();
//! // the client's side
//! let random = Random { nonce: [9; 8], time: 0 };
//! let third = authenticate(&account, &first, &second, random)?;
//! assert!(verify(&account, &first, &challenge, &third)?);
//! # Ok::<(), scep_ntlm::Error>(())
//! ```
//!
//! [MS-NLMP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp/

mod account;
mod client;
mod message;
mod server;
mod target_info;

pub use account::Account;
pub use client::{Random, authenticate, negotiate};
pub use message::Error;
pub use server::{Challenge, verify};
