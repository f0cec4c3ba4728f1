//! Administration: what is done for or to somebody else.

mod figures;
mod organizations;
mod pages;
mod people;
mod policy;
mod service;
mod size;
mod trail;
