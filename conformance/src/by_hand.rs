//! CMS messages in parts that can each be made otherwise: what encoders never write, suites have to.

mod envelope;
mod parts;
mod peek;
mod request;
mod signed_data;

pub use envelope::{Envelope, key_transport_info, password_info};
pub use parts::Parts;
pub use peek::Peek;
pub use request::RequestParts;
pub use signed_data::{Signature, SignedParts, SignerParts, version_of};
