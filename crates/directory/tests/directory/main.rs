//! What directories and their followers promise.

#![allow(clippy::unwrap_used, reason = "test code outside test functions")]

mod authority;
mod byzantine;
mod checker;
mod cosigning;
mod desk;
mod files;
mod follower;
mod formats;
mod simulation;
mod support;
mod trust;
mod world;
