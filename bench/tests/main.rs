//! Whether the driver measures what it says, and the floor does the work that it is there for.

mod floor;
mod open_loop;
mod server;
