//! The folder of data and the master key in it: made on the first start, for this user alone, and looked at on every
//! other one. Never overwrites a key.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};

use crate::config::Config;
use crate::crypto::random::Entropy;
use crate::crypto::seal::MasterKey;

/// Makes the folder of data, for this user alone, where there is none.
///
/// # Errors
/// When it can not be made.
pub fn prepare_data_dir(path: &Path) -> anyhow::Result<()> {
    let created = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.with_context(|| format!("The data directory {} can not be made", path.display()))?;
    Ok(())
}

/// From the configuration, or from its file, which is made on the first start.
pub(super) fn master_key(config: &Config, entropy: Entropy) -> anyhow::Result<MasterKey> {
    let path = config.master_key_path();
    let place = path.display();
    if config.master_key.is_none() && !path.exists() {
        if config.sqlite_path().exists() && config.database.url.is_none() {
            bail!(
                "The master key {place} is missing, but there is a database. Restore both from one backup."
            );
        }
        return make_master_key(&path, entropy)
            .with_context(|| format!("The master key {place} can not be made"));
    }
    existing_master_key(config)
}

/// From the configuration, or from its file, which must be there.
///
/// # Errors
/// Says what is wrong with it and what to do.
pub fn existing_master_key(config: &Config) -> anyhow::Result<MasterKey> {
    if let Some(text) = &config.master_key {
        return MasterKey::parse(text.expose())
            .context("secrets.master_key is not a master key: it must be 43 characters of base64url");
    }
    let path = config.master_key_path();
    let place = path.display();
    if !path.exists() {
        bail!(
            "There is no master key here. Put the key of this service into {place} (chmod 600), or name the file that has \
             it in IDP_SECRETS__MASTER_KEY_FILE."
        );
    }
    let mode = std::fs::metadata(&path).with_context(|| format!("The master key {place} can not be read"))?;
    if mode.permissions().mode() & 0o077 != 0 {
        bail!("The master key {place} can be read by others. Run: chmod 600 {place}");
    }
    let text = zeroize::Zeroizing::new(
        std::fs::read_to_string(&path).with_context(|| format!("The master key {place} can not be read"))?,
    );
    MasterKey::parse(&text)
        .with_context(|| format!("The file {place} is not a master key. Restore it from a backup."))
}

fn make_master_key(path: &Path, entropy: Entropy) -> anyhow::Result<MasterKey> {
    let key = MasterKey::generate(entropy)?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.expose().as_bytes())?;
    file.write_all(b"\n")?;
    // Nothing may be sealed under a key that a power failure could take away.
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(key)
}
