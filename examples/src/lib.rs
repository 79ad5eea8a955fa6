//! Short programs that show how to use the scep crates
