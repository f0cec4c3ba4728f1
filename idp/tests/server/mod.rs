//! What holds for every address: headers, limits, timers, probes, shutdown.

mod connections;
mod forms;
mod headers;
mod nodes;
mod redis;
mod tls;
