//! The harness of the cross-process tests: starts real processes and keeps every wait bounded.
