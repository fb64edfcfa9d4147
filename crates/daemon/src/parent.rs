use std::io;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::{ServiceError, service::system};

/// Lets this process be killed as soon as the thread that started it ends, however that happens.
///
/// # Errors
/// [`ServiceError::System`] when `parent` is not its parent (any more), or the system does not do
/// it.
pub fn die_with_parent(parent: u32) -> Result<(), ServiceError> {
    let doing = "tie the life of this process to its parent's";
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| system(doing)(error.into()))?;
    // It may have died before the line above, and nobody says so any more.
    let now = getppid().and_then(|pid| u32::try_from(pid.as_raw_pid()).ok());
    if now != Some(parent) {
        return Err(system(doing)(io::ErrorKind::NotFound.into()));
    }
    Ok(())
}
