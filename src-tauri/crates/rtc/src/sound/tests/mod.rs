//! Sound on virtual time.

mod echo;
mod kit;
mod path;
