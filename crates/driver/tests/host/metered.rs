use std::sync::Arc;

use leek_driver::{Memory, ops};

use crate::{
    toy::{Disk, Do},
    world::{SECOND, World, done},
};

/// What a host does is counted under its role, and nothing of who or where is shown.
#[test]
fn a_hosts_work_is_counted_without_names() {
    ops::install().unwrap();
    let world = World::real(Arc::new(Memory::default()));
    let mut config = world.config(44);
    config.role = "metered";
    let node = world.node_of(44, config, Disk::default());
    let caller = world.caller();
    for _ in 0..3 {
        assert_eq!(node.ask(&caller, Do::Write), done(0));
    }
    for status in [421, 600, 601] {
        let refused = node.ask(&caller, Do::Refuse(status));
        assert!(matches!(refused, leek_wire::Outcome::Refused(_)));
    }
    node.host.shutdown(SECOND).unwrap();
    let page = ops::render().unwrap();
    for line in [
        r#"leek_requests_total{role="metered",kind="announce",status="200"} 3"#,
        r#"leek_requests_total{role="metered",kind="announce",status="421"} 1"#,
        r#"leek_requests_total{role="metered",kind="announce",status="other"} 2"#,
        r#"leek_commits_total{role="metered",status="ok"} 3"#,
        r#"leek_request_seconds_count{role="metered",kind="announce"} 6"#,
        r#"leek_prepare_seconds_count{role="metered"} 6"#,
        r#"leek_commit_batches_sum{role="metered"} 3"#,
        r#"leek_serving{role="metered"} 0"#,
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "{line}\nin\n{page}"
        );
    }
    let id = node.id.to_hex();
    let at = node.at.ip.to_string();
    for name in [id.as_str(), &id.to_uppercase(), &at, "127.33."] {
        assert!(!page.contains(name), "{name}");
    }
}
