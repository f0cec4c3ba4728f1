//! What whoever runs the service does with its data: copies it, puts it back, moves it, and looks whether all is well.

mod backup;
mod doctor;
mod drill;
mod moving;
mod restore;

use std::process::Output;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::Value;

use crate::support::process::Installation;
use crate::support::{PASSWORD, TempDir};

/// A folder, and an installation in it that has been migrated, with a person of this address.
pub fn installation_with(email: &str) -> (TempDir, Installation) {
    let dir = TempDir::new("operations");
    let installation = Installation::new(&dir.0.join("data"));
    person(&installation, email);
    (dir, installation)
}

pub fn person(installation: &Installation, email: &str) {
    let create =
        ["user", "create", "--email", email, "--given-name", "P", "--family-name", "W", "--password-stdin"];
    succeed(&installation.run(&create, PASSWORD));
}

/// As the program itself makes it.
pub fn private_folder(path: &std::path::Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path).unwrap();
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", out(output), err(output));
    out(output)
}

/// Ends with 1, and says so; what it says.
pub fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}{}", out(output), err(output));
    err(output)
}

pub fn json(output: &Output) -> Value {
    let text = succeed(output);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}

/// A database of SQLite, behind the program's back.
pub async fn sqlite(path: &std::path::Path) -> DatabaseConnection {
    sea_orm::Database::connect(format!("sqlite://{}?mode=rw", path.display())).await.unwrap()
}

pub async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row =
        db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

pub async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
