//! Administration: what is done for or to somebody else.

mod applications;
mod organizations;
mod pages;
mod people;
mod policy;
