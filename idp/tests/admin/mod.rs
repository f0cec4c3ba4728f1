//! Administration: what is done for or to somebody else.

mod invitations;
mod organization_pages;
mod organizations;
mod pages;
mod people;
mod policy;
