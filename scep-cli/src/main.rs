//! The `scep` command.
fn main() {}
