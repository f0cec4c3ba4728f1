//! Administration: what is done for or to somebody else.

mod api;
mod application_pages;
mod applications;
mod branding;
mod figures;
mod invitations;
mod isolation;
mod matrix;
mod new_organizations;
mod organization_pages;
mod organizations;
mod pages;
mod people;
mod person_pages;
mod policy;
mod policy_page;
mod service;
mod size;
mod trail;
mod trial;
