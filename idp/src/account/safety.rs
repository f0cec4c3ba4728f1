//! The forecast: if this person loses a device tomorrow, can they still get in? A pure function of what
//! they can sign in with; says for each device what would be left, and the one thing to do next.

use serde::Serialize;

use crate::crypto::aaguid;
use crate::model::credential::{AuthenticatorKind, FEW_RECOVERY_CODES, Factors, Passkey};

/// What is left when a device is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outlook {
    /// Nothing opens the account any more but an administrator.
    LockedOut,
    /// A recovery code, and nothing else.
    RecoveryCodeOnly,
    /// There is another way in.
    Safe,
}

/// Something that can be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Device {
    /// The one device that keeps this passkey.
    Passkey { name: String, kind: AuthenticatorKind },
    /// A device that a passkey is synced to; its provider keeps the passkey.
    Synced { name: String },
    /// The phone with the code app.
    CodeApp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    pub device: Device,
    pub outlook: Outlook,
}

/// The one thing to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// A password alone opens the account.
    CreatePasskey,
    /// One loss would lock the person out.
    AddAnotherWay,
    /// Only recovery codes stand between a loss and a lock-out, or there are none.
    AddSecondPasskey,
    MakeRecoveryCodes,
    /// Few are left.
    ReplaceRecoveryCodes,
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The worst that one loss would do. Without devices: nothing can be lost, see `advice`.
    pub outlook: Outlook,
    pub losses: Vec<Loss>,
    pub advice: Advice,
}

/// Looks ahead. Codes come from a phone, so losing a phone that keeps a passkey of its own is taken to
/// lose the code app too: better one warning too many.
#[must_use]
pub fn forecast(factors: &Factors) -> Forecast {
    let mut losses: Vec<Loss> = Vec::new();
    for passkey in &factors.passkeys {
        losses.push(if passkey.backup_eligible {
            // The provider keeps it, whatever happens to one device.
            Loss { device: Device::Synced { name: passkey.name.to_string() }, outlook: Outlook::Safe }
        } else {
            let kind = kind_of(passkey);
            let with_phone = kind == AuthenticatorKind::Phone;
            let outlook = after_losing(factors, |other| other.id == passkey.id, with_phone);
            Loss { device: Device::Passkey { name: passkey.name.to_string(), kind }, outlook }
        });
    }
    if factors.code_app.is_some() {
        let on_phone =
            |passkey: &Passkey| !passkey.backup_eligible && kind_of(passkey) == AuthenticatorKind::Phone;
        let outlook = after_losing(factors, on_phone, true);
        losses.push(Loss { device: Device::CodeApp, outlook });
    }
    let outlook = losses.iter().map(|loss| loss.outlook).min().unwrap_or(Outlook::Safe);
    Forecast { outlook, advice: advice(factors, outlook), losses }
}

fn after_losing(factors: &Factors, lost: impl Fn(&Passkey) -> bool, code_app_lost: bool) -> Outlook {
    let passkey_left = factors.passkeys.iter().any(|passkey| !lost(passkey));
    let code_left = factors.code_app.is_some() && !code_app_lost && factors.password_usable;
    if passkey_left || code_left {
        Outlook::Safe
    } else if factors.recovery_codes_left > 0 && factors.password_usable {
        Outlook::RecoveryCodeOnly
    } else {
        // What is lost is still registered, so the password alone does not open the account.
        Outlook::LockedOut
    }
}

fn advice(factors: &Factors, outlook: Outlook) -> Advice {
    let few = factors.recovery_codes_left <= FEW_RECOVERY_CODES;
    match outlook {
        Outlook::LockedOut => Advice::AddAnotherWay,
        Outlook::RecoveryCodeOnly if few => Advice::ReplaceRecoveryCodes,
        Outlook::RecoveryCodeOnly => Advice::AddSecondPasskey,
        Outlook::Safe if factors.passkeys.is_empty() => Advice::CreatePasskey,
        Outlook::Safe if factors.recovery_codes_left == 0 => Advice::MakeRecoveryCodes,
        Outlook::Safe if few => Advice::ReplaceRecoveryCodes,
        Outlook::Safe => Advice::Nothing,
    }
}

/// What kind of thing keeps a passkey: as its provider says, or as its connection suggests.
#[must_use]
pub fn kind_of(passkey: &Passkey) -> AuthenticatorKind {
    let reached_by = |transport: &str| passkey.transports.iter().any(|known| known == transport);
    match aaguid::provider(passkey.aaguid) {
        Some((_, kind)) => kind,
        None if reached_by("internal") => AuthenticatorKind::Computer,
        None if reached_by("hybrid") => AuthenticatorKind::Phone,
        None if reached_by("usb") || reached_by("nfc") => AuthenticatorKind::SecurityKey,
        None => AuthenticatorKind::PasswordManager,
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::model::credential::PasskeyName;
    use crate::model::ids::{PasskeyId, UserId};

    fn passkey(number: u8, synced: bool, transport: &str) -> Passkey {
        let start = OffsetDateTime::UNIX_EPOCH;
        Passkey {
            id: PasskeyId::new(start, [number; 10]),
            user_id: UserId::new(start, [0; 10]),
            credential_id: vec![number],
            record: serde_json::Value::Null,
            rp_id: String::new(),
            name: PasskeyName::parse("A passkey").unwrap(),
            aaguid: Uuid::nil(),
            transports: vec![transport.to_owned()],
            sign_count: 0,
            uv_initialized: true,
            backup_eligible: synced,
            backup_state: synced,
            created_at: start,
            last_used_at: None,
            last_used_with: None,
            last_used_from: None,
            browser: None,
        }
    }

    /// What one loss may leave, said independently of how the forecast finds out: every way in that
    /// does not go with the lost thing.
    fn expected(
        (bound, phones, synced): (u8, u8, u8),
        (code, codes, password): (bool, u64, bool),
    ) -> Outlook {
        let passkeys = bound + phones + synced;
        let by_code = if codes > 0 && password { Outlook::RecoveryCodeOnly } else { Outlook::LockedOut };
        let mut worst = Outlook::Safe;
        let computer_lost = passkeys >= 2 || (code && password);
        if bound > 0 && !computer_lost {
            worst = worst.min(by_code);
        }
        let one_phone_lost = passkeys >= 2;
        if phones > 0 && !one_phone_lost {
            worst = worst.min(by_code);
        }
        let all_phones_lost = bound + synced > 0;
        if code && !all_phones_lost {
            worst = worst.min(by_code);
        }
        worst
    }

    /// product §3, "Sign-in safety": every combination of factors.
    #[test]
    fn the_forecast_is_right_for_every_combination_of_factors() {
        let mut combinations = 0;
        for (bound, phones, synced) in (0..27_u8).map(|n| (n % 3, n / 3 % 3, n / 9)) {
            for (code, codes, password) in
                (0..12_u64).map(|n| (n % 2 == 0, [0, 2, 10][(n / 4) as usize], n / 2 % 2 == 0))
            {
                let keys = (0..bound).map(|n| passkey(n, false, "internal"));
                let keys = keys.chain((0..phones).map(|n| passkey(10 + n, false, "hybrid")));
                let keys = keys.chain((0..synced).map(|n| passkey(20 + n, true, "internal")));
                let factors = Factors {
                    passkeys: keys.collect(),
                    code_app: code.then_some(OffsetDateTime::UNIX_EPOCH),
                    recovery_codes_left: codes,
                    password_usable: password,
                };
                let forecast = forecast(&factors);
                let outlook = expected((bound, phones, synced), (code, codes, password));
                assert_eq!(forecast.outlook, outlook, "{factors:?}");
                assert_eq!(forecast.losses.len(), factors.passkeys.len() + usize::from(code));
                let named = forecast.advice;
                match outlook {
                    Outlook::LockedOut => assert_eq!(named, Advice::AddAnotherWay),
                    Outlook::RecoveryCodeOnly if codes <= 3 => {
                        assert_eq!(named, Advice::ReplaceRecoveryCodes);
                    }
                    Outlook::RecoveryCodeOnly => assert_eq!(named, Advice::AddSecondPasskey),
                    Outlook::Safe if factors.passkeys.is_empty() => assert_eq!(named, Advice::CreatePasskey),
                    Outlook::Safe if codes == 0 => assert_eq!(named, Advice::MakeRecoveryCodes),
                    Outlook::Safe if codes <= 3 => assert_eq!(named, Advice::ReplaceRecoveryCodes),
                    Outlook::Safe => assert_eq!(named, Advice::Nothing),
                }
                combinations += 1;
            }
        }
        assert_eq!(combinations, 27 * 12);
    }
}
