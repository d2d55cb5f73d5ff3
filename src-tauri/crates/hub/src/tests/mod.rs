//! A hub among clients that behave as real ones do, on virtual time. `scenarios` read as stories; `properties` throw
//! random ones at the hub and check after each input what must always hold.

mod audit;
mod blocked;
mod bounds;
mod client;
mod doors;
mod listing;
mod moves;
mod presence;
mod properties;
mod restart;
mod resume;
mod rings;
mod rooms;
mod succession;
mod world;
