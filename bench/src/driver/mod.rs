//! The load driver: requests begin when they are due, whether or not those before them have been answered, and each is
//! measured from when it was due. What a server keeps waiting is therefore in its figures (no coordinated omission).

mod histogram;
pub mod line;
mod offer;
mod pace;
pub mod search;
pub mod work;

pub use histogram::Histogram;
pub use offer::{Offer, Outcome, Rate, offer};
