//! Conformance suites for SCEP servers and clients, the closed loop, and the generated documents
