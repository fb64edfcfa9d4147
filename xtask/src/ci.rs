use std::path::Path;
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stage {
    Format,
}
pub(crate) fn run(_root: &Path, _only: &[Stage]) -> Result<bool, String> {
    Ok(true)
}
