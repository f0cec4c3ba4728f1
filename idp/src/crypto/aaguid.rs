//! Names of the providers that keep passkeys, by AAGUID. Facts only, for people to recognise their
//! own passkeys by: without attestation nobody vouches for an AAGUID, so nothing is decided by it.

use uuid::{Uuid, uuid};

use crate::model::credential::AuthenticatorKind::{self, Computer, PasswordManager, Phone, SecurityKey};

/// The provider's name and what kind of thing it is, if we know it.
#[must_use]
pub fn provider(aaguid: Uuid) -> Option<(&'static str, AuthenticatorKind)> {
    PROVIDERS.iter().find(|(id, ..)| *id == aaguid).map(|(_, name, kind)| (*name, *kind))
}

#[rustfmt::skip]
const PROVIDERS: &[(Uuid, &str, AuthenticatorKind)] = &[
    (uuid!("fbfc3007-154e-4ecc-8c0b-6e020557d7bd"), "iCloud Keychain", Phone),
    (uuid!("dd4ec289-e01d-41c9-bb89-70fa845d4bf2"), "iCloud Keychain (managed)", Phone),
    (uuid!("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"), "Google Password Manager", Phone),
    (uuid!("adce0002-35bc-c60a-648b-0b25f1f05503"), "Chrome on Mac", Computer),
    (uuid!("b5397666-4885-aa6b-cebf-e52262a439a2"), "Chromium", Computer),
    (uuid!("771b48fd-d3d4-4f74-9232-fc157ab0507a"), "Edge on Mac", Computer),
    (uuid!("d3452668-01fd-4c12-926c-83a4204853aa"), "Microsoft Password Manager", PasswordManager),
    (uuid!("08987058-cadc-4b81-b6e1-30de50dcbe96"), "Windows Hello", Computer),
    (uuid!("9ddd1817-af5a-4672-a2b9-3e3dd95000a9"), "Windows Hello", Computer),
    (uuid!("6028b017-b1d4-4c02-b4b3-afcdafc96bb2"), "Windows Hello", Computer),
    (uuid!("bada5566-a7aa-401f-bd96-45619a55120d"), "1Password", PasswordManager),
    (uuid!("d548826e-79b4-db40-a3d8-11116f7e8349"), "Bitwarden", PasswordManager),
    (uuid!("531126d6-e717-415c-9320-3d9aa6981239"), "Dashlane", PasswordManager),
    (uuid!("50726f74-6f6e-5061-7373-50726f746f6e"), "Proton Pass", PasswordManager),
    (uuid!("53414d53-554e-4700-0000-000000000000"), "Samsung Pass", Phone),
    (uuid!("fdb141b2-5d84-443e-8a35-4698c205a502"), "KeePassXC", PasswordManager),
    (uuid!("eaecdef2-1c31-5634-8639-f1cbd9c00a08"), "KeePassDX", PasswordManager),
    (uuid!("b84e4048-15dc-4dd0-8640-f4f60813c8af"), "NordPass", PasswordManager),
    (uuid!("0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6"), "Keeper", PasswordManager),
    (uuid!("b78a0a55-6ef8-d246-a042-ba0f6d55050c"), "LastPass", PasswordManager),
    (uuid!("f3809540-7f14-49c1-a8b3-8f813b225541"), "Enpass", PasswordManager),
    (uuid!("cb69481e-8ff7-4039-93ec-0a2729a154a8"), "YubiKey 5", SecurityKey),
    (uuid!("ee882879-721c-4913-9775-3dfcce97072a"), "YubiKey 5", SecurityKey),
    (uuid!("19083c3d-8383-4b18-bc03-8f1c9ab2fd1b"), "YubiKey 5", SecurityKey),
    (uuid!("fa2b99dc-9e39-4257-8f92-4a30d23c4118"), "YubiKey 5 NFC", SecurityKey),
    (uuid!("2fc0579f-8113-47ea-b116-bb5a8db9202a"), "YubiKey 5 NFC", SecurityKey),
    (uuid!("a25342c0-3cdc-4414-8e46-f4807fca511c"), "YubiKey 5 NFC", SecurityKey),
    (uuid!("c5ef55ff-ad9a-4b9f-b580-adebafe026d0"), "YubiKey 5 Lightning", SecurityKey),
    (uuid!("a02167b9-ae71-4ac7-9a07-06432ebb6f1c"), "YubiKey 5 Lightning", SecurityKey),
    (uuid!("d8522d9f-575b-4866-88a9-ba99fa02f35b"), "YubiKey Bio", SecurityKey),
    (uuid!("a4e9fc6d-4cbe-4758-b8ba-37598bb5bbaa"), "Security Key NFC by Yubico", SecurityKey),
    (uuid!("e77e3c64-05e3-428b-8824-0cbeb04b829d"), "Security Key NFC by Yubico", SecurityKey),
    (uuid!("42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3"), "Google Titan Security Key", SecurityKey),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_listed_once() {
        for (index, (aaguid, ..)) in PROVIDERS.iter().enumerate() {
            assert!(PROVIDERS.iter().skip(index + 1).all(|(other, ..)| other != aaguid), "{aaguid}");
        }
    }

    #[test]
    fn an_unknown_provider_has_no_name() {
        assert!(provider(Uuid::nil()).is_none());
    }
}
