//! One suite and one plan, in every tier that runs without processes.

mod bent;
mod conformance;
mod plan;
mod planted;
mod support;
