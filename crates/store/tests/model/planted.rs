//! The suite passes a store written in another way, and fails one for each planted bug.

use std::panic::catch_unwind;

use leek_store::conformance::{self, Subject};

use crate::naive::{self, Naive};

/// The cases that a kind of store fails.
fn failed<S: Subject>() -> Vec<&'static str> {
    conformance::cases::<S>()
        .iter()
        .filter(|case| catch_unwind(case.run).is_err())
        .map(|case| case.name)
        .collect()
}

#[test]
fn naive_store_conforms() {
    conformance::all::<Naive<{ naive::NONE }>>();
}

#[test]
fn each_bug_is_found_by_its_case() {
    macro_rules! finds {
        ($($bug:ident: $case:literal,)*) => {
            $(
                let found = failed::<Naive<{ naive::$bug }>>();
                assert!(found.contains(&$case), "{}: {found:?}", stringify!($bug));
            )*
        };
    }
    finds! {
        HIDES_PENDING: "a batch is visible when handed out",
        NEVER_ABORTS: "a failure takes back all that follows",
        ABORTS_FOREVER: "batches after a failure stand",
        INSERT_SHORTENS: "an insert extends an expiry, never shortens it",
        INSERT_REPLACES: "a present hash keeps its row",
        CRASH_COMMITS: "a crash at any write loses exactly the rest",
        CRASH_LOSES_COMMITTED: "a crash inside any window loses exactly the rest",
        FAILS_IN_PART: "a full store refuses, and only then",
        RESURRECTS: "a stored and deleted message stays deleted",
        BOUNDLESS: "a full store aborts what follows",
        REFUSES_WHEN_FULL: "what frees bytes always fits",
        UNKNOWN_IS_END: "an unknown message means the beginning",
        FOREIGN_IS_PLACE: "an unknown message means the beginning",
        OWNED_BY_NAMESPACE: "scopes keep to their account and namespace",
        EXPIRED_BY_INSERTION: "expired messages come earliest first",
        EXPIRES_LATE: "expired messages come earliest first",
        PREFIX_BLIND: "scopes keep to their account and namespace",
        GROUP_IS_ALL: "a group commits in order, as many as asked",
        GROUP_IS_ONE: "a group commits in order, as many as asked",
        GROUP_FAILS_WHOLE: "a failure in a group ends it there",
        GROUP_FAILS_WHOLE: "a full store ends a group",
        GROUP_GOES_ON: "a failure in a group ends it there",
        GROUP_ENDS_WINDOW: "a group behind a failure stands on the state before it",
        CRASH_COMMITS: "a crash after a group loses exactly the rest",
        CRASH_LOSES_COMMITTED: "a crash after a group loses exactly the rest",
        BYTES_WHEN_COMMITTED: "an account's bytes follow every change",
        BYTES_WHEN_COMMITTED: "an account's bytes go back with a failure",
        BYTES_OF_KEY: "an account's bytes are its messages'",
        BYTES_OF_NAMESPACE: "an account's bytes are its messages'",
        BYTES_STAY: "an account's bytes follow every change",
        SCAN_BY_INSERTION: "a scan is in order of hashes",
        SCAN_FROM_HASH: "a scan starts behind any hash",
        SCAN_KNOWN_HASH: "a scan starts behind any hash",
        SCAN_COMMITTED: "a scan shows the view",
        QUIET_UNTIL_INSERT: "a poll behind a message that went starts again",
        QUIET_UNTIL_INSERT: "polls go back with a failure",
        QUIET_FOR_EVER: "a poll that found nothing finds what comes",
        QUIET_BY_ACCOUNT: "polls of mailboxes do not mix",
    }
}
