//! `leek contacts`, `leek send`, `leek receive`: what a person does.

mod contacts;
mod receive;
mod send;
mod session;
mod shown;

pub(crate) use contacts::contacts;
pub(crate) use receive::receive;
pub(crate) use send::send;
pub(crate) use session::network as network_file;
