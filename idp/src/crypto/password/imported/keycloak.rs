//! A password as Keycloak exports it with a realm: `secretData` has salt and output, `credentialData` the rest, each JSON
//! in a text.

use serde::Deserialize;

use super::read::{any, base64, digest, pbkdf2_scheme};
use super::{Digest, Imported, NotImportable};

#[derive(Deserialize)]
struct Secret {
    value: String,
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    hash_iterations: u32,
    algorithm: String,
    #[serde(default)]
    additional_parameters: Additional,
}

/// Of Argon2; each a list of one text.
#[derive(Default, Deserialize)]
struct Additional {
    #[serde(default)]
    memory: Vec<String>,
    #[serde(default)]
    parallelism: Vec<String>,
    #[serde(default, rename = "type")]
    kind: Vec<String>,
    #[serde(default)]
    version: Vec<String>,
}

pub(super) fn read(secret_data: &str, credential_data: &str) -> Result<Imported, NotImportable> {
    let damaged = NotImportable::Damaged("a credential of Keycloak");
    let secret: Secret = serde_json::from_str(secret_data).map_err(|_| damaged)?;
    let credential: Credential = serde_json::from_str(credential_data).map_err(|_| damaged)?;
    if credential.algorithm == "argon2" {
        return argon2(&secret, &credential).ok_or(damaged).and_then(|text| any(&text));
    }
    let digest = match credential.algorithm.as_str() {
        "pbkdf2" => Digest::Sha1,
        name => name.strip_prefix("pbkdf2-").and_then(digest).ok_or(NotImportable::Unknown)?,
    };
    let bytes = base64(&secret.salt).zip(base64(&secret.value)).ok_or(damaged)?;
    pbkdf2_scheme(digest, &credential.hash_iterations.to_string(), bytes).ok_or(damaged)
}

/// As a PHC string.
fn argon2(secret: &Secret, credential: &Credential) -> Option<String> {
    let more = &credential.additional_parameters;
    let version = match more.version.first()?.as_str() {
        "1.0" => 16,
        "1.3" => 19,
        _ => return None,
    };
    let (kind, memory, lanes) = (more.kind.first()?, more.memory.first()?, more.parallelism.first()?);
    let (passes, salt, output) = (credential.hash_iterations, &secret.salt, &secret.value);
    Some(format!("$argon2{kind}$v={version}$m={memory},t={passes},p={lanes}${salt}${output}"))
}
