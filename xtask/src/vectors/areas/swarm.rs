use leek_swarm::{SwarmId, nearest, swarm_space};

use super::keys;
use crate::vectors::check::{Check, Field, Stop};

/// The swarm of an account among a list of swarms in any order.
pub(super) fn run(check: &mut Check<'_>) -> Result<(), Stop> {
    let account = keys::account_id(&check.input("account_id")?)?;
    let listed = check.input("swarm_ids")?.list()?;
    let mut ids = listed.iter().map(swarm_id).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    let place = swarm_space(&account);
    check.expect_hex("swarm_space", &place.to_be_bytes());
    let swarm = nearest(&ids, place).unwrap_or(SwarmId::UNASSIGNED);
    check.expect_text("swarm_id", &swarm.to_string());
    Ok(())
}

fn swarm_id(field: &Field<'_>) -> Result<SwarmId, Stop> {
    Ok(SwarmId(u64::from_be_bytes(field.array()?)))
}
