//! The forecast: if this person loses a device tomorrow, can they still get in? A pure function of what
//! they can sign in with; says for each device what would be left, and the one thing to do next.

use serde::Serialize;

use crate::crypto::aaguid;
use crate::model::credential::{AuthenticatorKind, CodeApp, FEW_RECOVERY_CODES, Factors, Passkey};
use crate::model::user::Policy;

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
    /// The worst that one loss would do, or what is so already.
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
    if factors.code_app.works() {
        let on_phone =
            |passkey: &Passkey| !passkey.backup_eligible && kind_of(passkey) == AuthenticatorKind::Phone;
        let outlook = after_losing(factors, on_phone, true);
        losses.push(Loss { device: Device::CodeApp, outlook });
    }
    // Nothing lost at all may be the worst already.
    let now = after_losing(factors, |_| false, false);
    let outlook = losses.iter().map(|loss| loss.outlook).min().unwrap_or(now).min(now);
    Forecast { outlook, advice: advice(factors, outlook), losses }
}

fn after_losing(factors: &Factors, lost: impl Fn(&Passkey) -> bool, code_app_lost: bool) -> Outlook {
    let passkey_left = factors.passkeys.iter().any(|passkey| !lost(passkey) && factors.opens(passkey));
    // Where only passkeys are allowed, a code leads on to a passkey.
    let code_counts = factors.policy < Policy::PasskeyOnly || factors.passkeys.is_empty();
    let code_left = factors.code_app.works() && !code_app_lost && factors.password_usable && code_counts;
    let nothing_to_lose =
        factors.passkeys.is_empty() && factors.code_app == CodeApp::Off && factors.password_usable;
    if passkey_left || code_left || nothing_to_lose {
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

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn passkey(number: u8, synced: bool, transport: &str) -> Passkey {
        Passkey {
            id: PasskeyId::new(START, [number; 10]),
            user_id: UserId::new(START, [0; 10]),
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
            created_at: START,
            last_used_at: None,
            last_used_with: None,
            last_used_from: None,
            browser: None,
        }
    }

    /// An account, as numbers.
    #[derive(Debug, Clone, Copy)]
    struct Case {
        bound: u8,
        phones: u8,
        synced: u8,
        /// Every passkey's word counts alone.
        proven: bool,
        code_app: CodeApp,
        codes: u64,
        password: bool,
        passkey_only: bool,
    }

    /// What one loss may leave, said independently of how the forecast finds out: every way in that
    /// does not go with the lost thing.
    fn expected(case: Case) -> Outlook {
        let passkeys = case.bound + case.phones + case.synced;
        let by_recovery =
            if case.codes > 0 && case.password { Outlook::RecoveryCodeOnly } else { Outlook::LockedOut };
        let left = |passkeys_left: u8, code_left: bool| {
            let passkey = passkeys_left > 0 && (case.proven || case.password);
            let code = code_left
                && case.code_app == CodeApp::On(START)
                && case.password
                && !(case.passkey_only && passkeys > 0);
            let bare = passkeys == 0 && case.code_app == CodeApp::Off && case.password;
            if passkey || code || bare { Outlook::Safe } else { by_recovery }
        };
        let mut worst = left(passkeys, true);
        if case.bound > 0 {
            worst = worst.min(left(passkeys - 1, true));
        }
        if case.phones > 0 {
            worst = worst.min(left(passkeys - 1, false));
        }
        if case.code_app == CodeApp::On(START) {
            worst = worst.min(left(case.bound + case.synced, false));
        }
        worst
    }

    fn cases() -> Vec<Case> {
        let mut cases = Vec::new();
        for (bound, phones, synced) in (0..27_u8).map(|n| (n % 3, n / 3 % 3, n / 9)) {
            for bits in 0..32_u8 {
                for code_app in [CodeApp::Off, CodeApp::On(START), CodeApp::Stopped(START)] {
                    let flag = |bit: u8| bits >> bit & 1 == 1;
                    let codes = [0, 2, 10, 10][usize::from(bits & 3)];
                    let (proven, password, passkey_only) = (flag(2), flag(3), flag(4));
                    let case =
                        Case { bound, phones, synced, proven, code_app, codes, password, passkey_only };
                    cases.push(case);
                }
            }
        }
        cases
    }

    /// product §3, "Sign-in safety": every combination of factors, policies and what was stopped.
    #[test]
    fn the_forecast_is_right_for_every_combination_of_factors() {
        assert_eq!(cases().len(), 27 * 32 * 3);
        for case in cases() {
            let keys = (0..case.bound).map(|n| passkey(n, false, "internal"));
            let keys = keys.chain((0..case.phones).map(|n| passkey(10 + n, false, "hybrid")));
            let keys = keys.chain((0..case.synced).map(|n| passkey(20 + n, true, "internal")));
            let factors = Factors {
                passkeys: keys.map(|key| Passkey { uv_initialized: case.proven, ..key }).collect(),
                code_app: case.code_app,
                recovery_codes_left: case.codes,
                password_usable: case.password,
                policy: if case.passkey_only { Policy::PasskeyOnly } else { Policy::Free },
            };
            let forecast = forecast(&factors);
            let outlook = expected(case);
            assert_eq!(forecast.outlook, outlook, "{case:?}");
            let devices = factors.passkeys.len() + usize::from(factors.code_app.works());
            assert_eq!(forecast.losses.len(), devices, "{case:?}");
            let advice = match outlook {
                Outlook::LockedOut => Advice::AddAnotherWay,
                Outlook::RecoveryCodeOnly if case.codes <= 3 => Advice::ReplaceRecoveryCodes,
                Outlook::RecoveryCodeOnly => Advice::AddSecondPasskey,
                Outlook::Safe if factors.passkeys.is_empty() => Advice::CreatePasskey,
                Outlook::Safe if case.codes == 0 => Advice::MakeRecoveryCodes,
                Outlook::Safe if case.codes <= 3 => Advice::ReplaceRecoveryCodes,
                Outlook::Safe => Advice::Nothing,
            };
            assert_eq!(forecast.advice, advice, "{case:?}");
        }
    }
}
