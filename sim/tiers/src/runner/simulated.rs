//! Tier A: the kernel.

use std::sync::Arc;

use leek_lab::{
    Stage,
    scenario::{Loaded, ScenarioError, units::Span},
};

use crate::script::{Script, Transcript};

/// Virtual time a script may take. One that takes longer is not finished, and its transcript says
/// so.
const SCRIPT_TIME: Span = Span::from_s(1_800);

/// Runs a script on a stage: a simulated network, perhaps with other machines in the place of its
/// nodes.
pub fn script_on_stage(mut stage: Stage<'_>, script: Script) -> Transcript {
    let guest = stage.guest(script, Arc::new(()));
    let mut staged = stage.run(SCRIPT_TIME);
    match staged.take(&guest) {
        Some(script) => script.transcript().clone(),
        None => leek_machine::bug!("a stage gives back its guests"),
    }
}

/// Runs a script on the simulated network of `loaded`.
///
/// # Errors
/// [`ScenarioError`] when the scenario cannot be drawn.
pub fn script_in_simulation(
    loaded: &Loaded,
    config: leek_storage_node::NodeConfig,
    script: Script,
) -> Result<Transcript, ScenarioError> {
    Ok(script_on_stage(Stage::new(loaded, config)?, script))
}
