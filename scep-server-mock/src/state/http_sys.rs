//! `HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters`.

use serde::{Deserialize, Serialize};

/// Limits of the kernel's HTTP server. Windows' own default is 16384 for both; NDES needs more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSys {
    /// `MaxFieldLength`: longest header field, and longest URL, in octets.
    pub max_field_length: usize,
    /// `MaxRequestBytes`: request line and header fields together, in octets.
    pub max_request_bytes: usize,
    /// `UrlSegmentMaxLength`: longest part of a path between two slashes, in characters.
    pub url_segment_max_length: usize,
    /// `DisableServerHeader`: the field `Server` is left out of its own pages.
    pub disable_server_header: bool,
}

impl Default for HttpSys {
    fn default() -> Self {
        Self {
            max_field_length: 65_534,
            max_request_bytes: 65_534,
            url_segment_max_length: 260,
            disable_server_header: false,
        }
    }
}
