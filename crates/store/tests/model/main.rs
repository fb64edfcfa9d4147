//! The in-memory store against a naive model, and the conformance suite against planted bugs.

mod naive;
mod planted;
mod property;
