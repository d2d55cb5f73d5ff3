//! One page: its socket, its connections, its sound.
