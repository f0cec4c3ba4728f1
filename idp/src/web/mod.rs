//! What every edge shares: who is visiting, forms that prove where they came from, pages, headers,
//! errors. Knows no feature.

pub mod attempt;
mod back;
pub mod brand;
pub mod caller;
pub mod download;
pub mod error;
pub mod form;
pub mod headers;
pub mod network;
pub mod page;
pub mod params;
pub mod problem;
pub mod session;
pub mod upload;
pub mod visit;
