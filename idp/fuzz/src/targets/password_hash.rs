//! Password hashes as texts: of other programs, as Keycloak exports them (two lines), and our own.
//! What is taken over is within the limits, reads as the same again, and is never shown.

use idp::crypto::password::{Imported, Password};

use super::house::visit;
use super::lines;

pub fn run(data: &[u8]) {
    let Some([first, second]) = lines(data) else {
        return;
    };
    let read = if second.is_empty() { Imported::read(first) } else { Imported::of_keycloak(first, second) };
    if let Ok(hash) = &read {
        kept(hash);
    }
    if second.is_empty() && first.starts_with("$argon2id$") && is_cheap(first) {
        ours(first);
    }
}

fn kept(hash: &Imported) {
    let text = hash.to_text();
    assert_eq!(Imported::read(&text).as_ref(), Ok(hash), "as it is kept it is another");
    let decoy = Imported::read(&hash.decoy()).expect("a hash of nothing is one");
    assert_eq!(decoy.scheme(), hash.scheme());
    let output = text.rsplit('$').next().unwrap_or_default();
    assert!(output.len() >= 22, "it fits by chance");
    assert!(!format!("{hash:?}").contains(output), "it is shown");
}

/// How much it computes is bounded, but by more than there is time for here.
fn is_cheap(text: &str) -> bool {
    let number = |name: &str| {
        let digits = text.split_once(name)?.1;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse::<u32>().ok()
    };
    let cheap =
        |name: &str, most: u32| text.matches(name).count() == 1 && number(name).is_some_and(|n| n <= most);
    cheap("m=", 1024) && cheap("t=", 3)
}

/// A hash of ours that was damaged where it is kept.
fn ours(text: &str) {
    visit(async |house| {
        let workers = &house.app.passwords;
        let password = Password::presented("nobody's password").expect("a password");
        let permit = workers.reserve().expect("a free worker");
        let verdict = workers.verify(password, Some(text), permit).await;
        assert!(!verdict.is_ok_and(|verdict| verdict.fits), "a password was guessed");
    });
}
