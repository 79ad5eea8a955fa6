//! A simulated NDES deployment that can be brought into each known failure
