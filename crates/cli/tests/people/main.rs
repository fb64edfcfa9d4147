//! Two people on a network of real processes: messages arrive once, under whatever name, clock or
//! damage; and nobody who reads the logs learns who they are.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(
    clippy::string_slice,
    reason = "a test that cuts a character in two has failed"
)]

mod clocks;
mod damage;
mod logs;
mod messages;
mod town;

use town::Town;

/// One network for all of it: starting one costs more than everything that is done with it. What
/// does damage comes last.
#[test]
fn two_people_and_a_network() {
    let town = Town::new();
    messages::arrive_once(&town);
    messages::are_harmless(&town);
    messages::are_followed(&town);
    messages::wait_for_a_reader(&town);
    messages::say_how_far_they_came(&town);
    logs::tell_nothing(&town);
    clocks::may_be_wrong(&town);
    damage::leaves_a_way(&town);
    damage::of_all_directories_needs_a_snapshot(&town);
}
