//! What operators see of the running service: metrics, traces, and the files that read them.

mod collector;
mod files;
mod metrics;
mod scrape;
mod traces;

pub use scrape::Metrics;
