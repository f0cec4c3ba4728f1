//! Administration: what is done for or to somebody else.

mod api;
mod organizations;
mod pages;
mod people;
mod policy;
