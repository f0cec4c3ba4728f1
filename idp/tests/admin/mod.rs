//! Administration: what is done for or to somebody else.

mod organizations;
mod people;
mod policy;
