//! What the floor has to know: how the provider answered each operation, and what is to be found in the database.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// By the name of the operation.
    pub answers: HashMap<String, Shape>,
    /// What is looked up: session cookies, refresh tokens, subjects.
    pub kept: Vec<String>,
    pub passkeys: Vec<PublicPasskey>,
    pub database: Place,
}

/// An answer as the provider gave it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Shape {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublicPasskey {
    /// In base64url.
    pub id: String,
    /// An uncompressed point of P-256, in base64url.
    pub point: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The file of a database.
    Sqlite(PathBuf),
    /// The URL of an empty database.
    Postgres(String),
}

/// The name of the answer with a passkey's challenge; the others are those of their operations.
pub const PASSKEY_OPTIONS: &str = "passkey-options";
