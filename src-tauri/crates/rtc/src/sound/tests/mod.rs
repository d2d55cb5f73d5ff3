//! Sound on virtual time.

mod kit;
mod path;
