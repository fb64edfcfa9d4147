use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use leek_crypto::Suite;
use leek_lab::scenario::{Loaded, Loader, load};
use leek_machine::Seed;
use leek_storage_node::NodeConfig;
use leek_tiers::{
    script::{Case, Script},
    suite::SMALL_QUOTA_BYTES,
};

struct NoFiles;

impl Loader for NoFiles {
    fn read(&self, _: &Path) -> Result<String, String> {
        Err("no files here".to_owned())
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

pub(crate) fn calm(sets: &[&str]) -> Loaded {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(&NoFiles, "calm", &sets, None).expect("the test sets what can be set")
}

pub(crate) fn suite() -> Arc<dyn Suite> {
    leek_crypto::fast().suite()
}

pub(crate) fn script(cases: Vec<Case>) -> Script {
    Script::new(suite(), Seed::from_u64(7), cases)
}

pub(crate) fn small_mailboxes() -> NodeConfig {
    NodeConfig {
        account_bytes_max: SMALL_QUOTA_BYTES,
        ..NodeConfig::default()
    }
}
