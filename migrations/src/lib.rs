//! The shape of the database and the only place that changes it. One file per migration, written
//! for SQLite and PostgreSQL alike; expand first, contract one release later, so that the previous
//! version keeps working beside the new one.

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m0001_accounts;
mod m0002_protocol;
mod m0003_audit;
mod m0004_factors;
mod m0005_apis;
mod m0006_registration;
mod m0007_authorization_details;
mod m0008_organizations;
mod m0009_audit;
mod m0010_recipients;
mod m0011_sign_up;
mod m0012_invitations;
mod m0013_orgclaim;
mod m0014_ciba;
mod m0015_api;
mod m0016_import;
mod m0017_console;
mod m0018_client_secrets;
mod m0019_brand;
mod m0021_audit_by_organization;
mod m0022_lookups;

#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_protocol::Migration),
            Box::new(m0003_audit::Migration),
            Box::new(m0004_factors::Migration),
            Box::new(m0005_apis::Migration),
            Box::new(m0006_registration::Migration),
            Box::new(m0007_authorization_details::Migration),
            Box::new(m0008_organizations::Migration),
            Box::new(m0009_audit::Migration),
            Box::new(m0010_recipients::Migration),
            Box::new(m0011_sign_up::Migration),
            Box::new(m0012_invitations::Migration),
            Box::new(m0013_orgclaim::Migration),
            Box::new(m0014_ciba::Migration),
            Box::new(m0015_api::Migration),
            Box::new(m0016_import::Migration),
            Box::new(m0017_console::Migration),
            Box::new(m0018_client_secrets::Migration),
            Box::new(m0019_brand::Migration),
            Box::new(m0021_audit_by_organization::Migration),
            Box::new(m0022_lookups::Migration),
        ]
    }
}
