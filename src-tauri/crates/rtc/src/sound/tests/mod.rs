//! Sound on virtual time.

mod echo;
pub(in crate::sound) mod kit;
mod path;
