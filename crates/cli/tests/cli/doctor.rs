//! `leek doctor`.

use std::net::TcpListener;

use serde_json::Value;

use crate::{account::chmod, support::World};

/// A key that is nobody's.
const KEY: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";

fn findings(world: &World, args: &[&str], code: i32) -> Vec<Value> {
    let ended = world.leek(&[&["doctor", "--json"], args].concat());
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["verdict"], if code == 0 { "PASS" } else { "FAIL" });
    json["findings"].as_array().unwrap().clone()
}

fn finding<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    let found = findings.iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("no {check} in {findings:?}"))
}

#[test]
fn a_fresh_machine_is_told_what_to_do_first() {
    let world = World::new();
    let all = findings(&world, &["--home", "home"], 1);
    let home = finding(&all, "home");
    assert_eq!(home["health"], "warn");
    assert!(
        home["remedy"]
            .as_str()
            .unwrap()
            .contains("leek account new")
    );
    let network = finding(&all, "network");
    assert_eq!(network["health"], "fail");
    assert!(
        network["found"]
            .as_str()
            .unwrap()
            .starts_with("read network file leek-net/")
    );
    assert!(network["remedy"].as_str().unwrap().contains("leek net up"));
    assert!(all.iter().any(|finding| finding["check"] == "open files"));
    assert!(!all.iter().any(|finding| finding["check"] == "data"));

    let text = world.leek(&["doctor", "--home", "home"]);
    assert_eq!(text.code, Some(1));
    let first = "warn  home          home is not there: no account yet\n                    help: \
                 `leek account new` makes an account; --home names another home\n";
    assert!(text.stdout.starts_with(first), "{}", text.stdout);
}

#[test]
fn an_account_is_looked_at() {
    let world = World::new();
    let ended = world.leek(&["account", "new", "--home", "home", "--no-passphrase"]);
    assert_eq!(ended.code, Some(0));
    let all = findings(&world, &["--home", "home"], 1);
    assert_eq!(finding(&all, "home")["health"], "ok");
    assert_eq!(finding(&all, "account")["health"], "warn");
    assert_eq!(finding(&all, "contacts")["found"], "0 in the list");
    chmod(&world.path("home/account.leek"), 0o604);
    let all = findings(&world, &["--home", "home"], 1);
    let account = finding(&all, "account");
    assert_eq!(account["health"], "fail");
    assert_eq!(account["remedy"], "run `chmod 600 home/account.leek`");
}

#[test]
fn directories_that_do_not_answer_are_named() {
    let world = World::new();
    // One port where nobody listens, and one where nobody speaks TLS.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf_at = deaf.local_addr().unwrap();
    let other = KEY.replacen("ea", "8a", 1);
    let text = format!(
        "network = \"local\"\ndirectories = [\"leek://{KEY}@{closed}\", \"leek://{other}@{deaf_at}\"]\n"
    );
    world.write("net.toml", &text);
    let args = ["--home", "home", "--network", "net.toml", "--data-dir", "."];
    let all = findings(&world, &args, 1);
    assert_eq!(
        finding(&all, "network")["found"],
        "`local`: 2 directories, any 2 of them decide"
    );
    let directories = finding(&all, "directories");
    assert_eq!(directories["health"], "fail");
    let found = directories["found"].as_str().unwrap();
    assert!(found.starts_with("0 of 2 answer: "), "{found}");
    for address in [closed, deaf_at] {
        assert!(
            found.contains(&format!("{address} does not answer")),
            "{found}"
        );
    }
    // Nobody said anything about the time or the members.
    assert!(!all.iter().any(|finding| finding["check"] == "clock"));
    assert!(!all.iter().any(|finding| finding["check"] == "snapshot"));
    assert!(
        finding(&all, "data")["found"]
            .as_str()
            .unwrap()
            .contains("MiB free under")
    );
}
