//! Sealing of what must be stored and read back: AES-256-GCM under a data key, the data key wrapped
//! by the master key. What is sealed is bound to its table, row and column, so that it opens
//! nowhere else.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use super::random::{Entropy, NoEntropy};
use super::{base64url, sha256};

const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 16;

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("sealed data does not open: it was changed, belongs elsewhere, or needs another master key")]
    DoesNotOpen,
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// Where a sealed value lives. It opens only there.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'static str,
    pub column: &'static str,
    pub row: &'a str,
}

/// The key that is not in the database. 32 bytes, wiped when dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate(entropy: Entropy) -> Result<Self, NoEntropy> {
        Ok(Self(Zeroizing::new(entropy.bytes()?)))
    }

    /// The text form: 43 characters of base64url, surrounding white space ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(base64url::decode(text.trim())?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(base64url::encode(*self.0))
    }

    /// What this key is called where it must not be said: the same for the same key, and of no use to whoever does not
    /// have it.
    ///
    /// # Errors
    /// When it can not be derived.
    pub fn name(&self) -> Result<String, SealError> {
        let derived = self.derive("name")?;
        Ok(derived.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// A key for one purpose (HKDF-SHA-256).
    fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"idp master key 1");
        let mut out = Zeroizing::new([0; 32]);
        salt.extract(&*self.0)
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *out))
            .map_err(|_| SealError::DoesNotOpen)?;
        Ok(out)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// A data key as the database holds it.
#[derive(Debug, Clone)]
pub struct WrappedKey {
    pub id: String,
    pub wrapped: Vec<u8>,
}

struct DataKey {
    id: [u8; KEY_ID_LEN],
    key: LessSafeKey,
}

/// A key for what is to be forgotten all at once. The database holds it sealed; when that is gone, nothing that
/// was sealed with it opens again. Wiped when dropped.
pub struct ShreddableKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for ShreddableKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShreddableKey(…)")
    }
}

impl ShreddableKey {
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate(entropy: Entropy) -> Result<Self, NoEntropy> {
        Ok(Self(Zeroizing::new(entropy.bytes()?)))
    }

    /// # Errors
    /// When the sealed bytes do not open, or are no key.
    pub fn unseal(sealer: &Sealer, place: Place<'_>, sealed: &[u8]) -> Result<Self, SealError> {
        let bytes = sealer.open(place, sealed)?;
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| SealError::DoesNotOpen)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// As it is stored.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn sealed(&self, sealer: &Sealer, place: Place<'_>, entropy: Entropy) -> Result<Vec<u8>, SealError> {
        sealer.seal(place, &*self.0, entropy)
    }

    /// # Errors
    /// When there is no randomness to be had.
    pub fn seal(&self, place: Place<'_>, plain: &[u8], entropy: Entropy) -> Result<Vec<u8>, SealError> {
        let sealed = seal_with(&aes(&*self.0)?, &aad(place, b"shreddable"), plain, entropy)?;
        Ok([&[VERSION][..], &sealed].concat())
    }

    /// # Errors
    /// When the value was changed, belongs to another place, or was sealed with another key.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        match sealed.split_first() {
            Some((&VERSION, rest)) => {
                open_with(&aes(&*self.0)?, &aad(place, b"shreddable"), rest).map(Zeroizing::new)
            }
            _ => Err(SealError::DoesNotOpen),
        }
    }
}

/// Seals with the newest data key, opens with any.
pub struct Sealer {
    keys: Vec<DataKey>,
    csrf: hmac::Key,
    lookup: hmac::Key,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Sealer {
    /// # Errors
    /// When the master key is not the one that wrapped these keys.
    pub fn unwrap_keys(master: &MasterKey, wrapped: &[WrappedKey]) -> Result<Self, SealError> {
        let wrapping = wrapping_key(master)?;
        let keys = wrapped
            .iter()
            .map(|data_key| {
                let raw = Zeroizing::new(open_with(&wrapping, &wrap_aad(&data_key.id), &data_key.wrapped)?);
                Ok(DataKey { id: key_id(&data_key.id), key: aes(&raw)? })
            })
            .collect::<Result<_, SealError>>()?;
        let derived = |purpose| -> Result<hmac::Key, SealError> {
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &*master.derive(purpose)?))
        };
        Ok(Self { keys, csrf: derived("csrf")?, lookup: derived("lookup")? })
    }

    /// A new data key, wrapped for storage under `id`.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn new_data_key(master: &MasterKey, id: &str, entropy: Entropy) -> Result<WrappedKey, SealError> {
        let raw = Zeroizing::new(entropy.bytes::<32>()?);
        let wrapped = seal_with(&wrapping_key(master)?, &wrap_aad(id), &*raw, entropy)?;
        Ok(WrappedKey { id: id.to_owned(), wrapped })
    }

    /// # Errors
    /// When there is no randomness to be had.
    pub fn seal(&self, place: Place<'_>, plain: &[u8], entropy: Entropy) -> Result<Vec<u8>, SealError> {
        let data_key = self.keys.last().ok_or(SealError::DoesNotOpen)?;
        let sealed = seal_with(&data_key.key, &aad(place, &data_key.id), plain, entropy)?;
        Ok([&[VERSION][..], &data_key.id, &sealed].concat())
    }

    /// # Errors
    /// When the value was changed, belongs to another place, or its key is not here.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (&version, rest) = sealed.split_first().ok_or(SealError::DoesNotOpen)?;
        let (id, rest) = rest.split_at_checked(KEY_ID_LEN).ok_or(SealError::DoesNotOpen)?;
        if version != VERSION {
            return Err(SealError::DoesNotOpen);
        }
        let data_key = self.keys.iter().find(|key| key.id == id).ok_or(SealError::DoesNotOpen)?;
        open_with(&data_key.key, &aad(place, &data_key.id), rest).map(Zeroizing::new)
    }

    /// What something is looked up by whose own hash could be guessed, such as an address or a short
    /// code: without the master key it can not.
    #[must_use]
    pub fn lookup(&self, what: &str, value: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.lookup, &[what.as_bytes(), b"\0", value].concat()).as_ref());
        out
    }

    /// The token that a page's forms carry: for one browser and whoever is signed in there.
    #[must_use]
    pub fn csrf_token(&self, browser: [u8; 32], session: Option<uuid::Uuid>) -> String {
        let session = session.unwrap_or_default();
        base64url::encode(hmac::sign(&self.csrf, &[&browser[..], session.as_bytes()].concat()).as_ref())
    }
}

fn wrapping_key(master: &MasterKey) -> Result<LessSafeKey, SealError> {
    aes(&*master.derive("wrap data keys")?)
}

fn aes(raw: &[u8]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, raw).map(LessSafeKey::new).map_err(|_| SealError::DoesNotOpen)
}

fn key_id(id: &str) -> [u8; KEY_ID_LEN] {
    let mut out = [0; KEY_ID_LEN];
    for (target, source) in out.iter_mut().zip(sha256(id.as_bytes())) {
        *target = source;
    }
    out
}

fn wrap_aad(id: &str) -> Vec<u8> {
    format!("idp data key\0{id}").into_bytes()
}

fn aad(place: Place<'_>, key_id: &[u8]) -> Vec<u8> {
    let place = format!("idp sealed\0{}\0{}\0{}\0", place.table, place.column, place.row);
    [place.as_bytes(), key_id].concat()
}

fn seal_with(key: &LessSafeKey, aad: &[u8], plain: &[u8], entropy: Entropy) -> Result<Vec<u8>, SealError> {
    let nonce = entropy.bytes::<NONCE_LEN>()?;
    let mut data = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut data)
        .map_err(|_| SealError::DoesNotOpen)?;
    Ok([&nonce[..], &data].concat())
}

fn open_with(key: &LessSafeKey, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, data) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError::DoesNotOpen)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::DoesNotOpen)?;
    let mut data = data.to_vec();
    let length =
        key.open_in_place(nonce, Aad::from(aad), &mut data).map_err(|_| SealError::DoesNotOpen)?.len();
    data.truncate(length);
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { table: "password", column: "sealed_hash", row: "1" };

    fn sealer(master: &MasterKey) -> Sealer {
        let wrapped = Sealer::new_data_key(master, "k1", Entropy::of_the_system()).unwrap();
        Sealer::unwrap_keys(master, &[wrapped]).unwrap()
    }

    /// S2
    #[test]
    fn sealed_data_opens_only_in_its_own_place() {
        let sealer = sealer(&MasterKey::generate(Entropy::of_the_system()).unwrap());
        let sealed = sealer.seal(PLACE, b"secret", Entropy::of_the_system()).unwrap();
        assert_eq!(&**sealer.open(PLACE, &sealed).unwrap(), b"secret");
        for other in [
            Place { row: "2", ..PLACE },
            Place { table: "totp", ..PLACE },
            Place { column: "other", ..PLACE },
        ] {
            assert!(sealer.open(other, &sealed).is_err());
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealer = sealer(&MasterKey::generate(Entropy::of_the_system()).unwrap());
        let sealed = sealer.seal(PLACE, b"secret", Entropy::of_the_system()).unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(sealer.open(PLACE, &changed).is_err(), "byte {index}");
            assert!(sealer.open(PLACE, &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn the_name_of_a_key_tells_it_from_others_and_is_no_part_of_it() {
        let key = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let other = MasterKey::generate(Entropy::of_the_system()).unwrap();
        assert_eq!(key.name().unwrap(), key.clone().name().unwrap());
        assert_ne!(key.name().unwrap(), other.name().unwrap());
        assert_eq!(key.name().unwrap().len(), 16);
        assert_ne!(key.name().unwrap(), "0001020304050607");
    }

    /// S6
    #[test]
    fn another_master_key_opens_nothing() {
        let (mine, other) = (
            MasterKey::generate(Entropy::of_the_system()).unwrap(),
            MasterKey::generate(Entropy::of_the_system()).unwrap(),
        );
        let wrapped = Sealer::new_data_key(&mine, "k1", Entropy::of_the_system()).unwrap();
        assert!(Sealer::unwrap_keys(&other, &[wrapped]).is_err());
    }
}
