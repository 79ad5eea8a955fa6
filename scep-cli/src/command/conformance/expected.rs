//! The file of checks that are known to fail.

use std::path::Path;

pub(super) use scep_conformance::expected::Expected;
use scep_conformance::expected::Misread;

use crate::failure::{Failure, Result};
use crate::files;
use crate::nearest;

/// Reads it, if there is one.
pub(super) fn load(path: Option<&Path>, ids: &[&str]) -> Result<Expected> {
    let Some(path) = path else {
        return Ok(Expected::default());
    };
    Expected::parse(&files::read_text(path)?, ids).map_err(|e| {
        let what = match &e {
            Misread::Unknown { line, id } => {
                let unknown = nearest::unknown("check", id, ids.iter().copied());
                format!("line {line}: {unknown}")
            }
            Misread::NoReason { .. } => e.to_string(),
        };
        Failure::local(format!("{}, {what}", path.display()))
    })
}
