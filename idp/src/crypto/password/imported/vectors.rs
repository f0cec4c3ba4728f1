//! Hashes of one password that other programs made, and hostile ones. Made with argon2-cffi 25.1, bcrypt 4.0 (Python),
//! passlib 1.7, Django 5.2 and Python's own hashlib, with little cost.

use super::*;

const PASSWORD: &[u8] = b"correct horse battery";

/// By scheme: who made it, and what they made.
const KNOWN: [(&str, &str); 20] = [
    (
        "argon2",
        "$argon2i$v=19$m=1024,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$FilVwBrPK0Hd21QfGjNKQx7fGhmWwtB702o/SWMJIjg",
    ),
    (
        "argon2",
        "$argon2d$v=19$m=1024,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$WwMwod5b75ayKXiyXE5v5wapqFSJgoIaeL1ndWAOLw0",
    ),
    (
        "argon2",
        "$argon2id$v=19$m=1024,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$F97S9LyfF8y17QFGHCFUpGrkVqj7MW6bR8n2gLHKu5E",
    ),
    (
        "argon2",
        "$argon2i$v=16$m=1024,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$q4M9NFIZN9XYWSWVby7mGenXBbRaAwg4fP4PLKFCC9s",
    ),
    ("argon2", "$argon2i$m=1024,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$q4M9NFIZN9XYWSWVby7mGenXBbRaAwg4fP4PLKFCC9s"),
    (
        "argon2",
        "argon2$argon2id$v=19$m=1024,t=1,p=8$c2FsdHNhbHRzYWx0$6pg4+UyeNuPVO7glS4Qr4NvLeDkPTToK+PMIGJcyf5M",
    ),
    ("bcrypt", "$2a$05$JuVYY8cjzeqPrmUmXYwb2Ojjh4ppBPajOu4aohERb4O78N/8Rjl92"),
    ("bcrypt", "$2b$05$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe"),
    ("bcrypt", "$2y$05$0tarDzETBZOz0aJ9rhyuEuXhOD5Tps/mZMSDv/G6EltFhY5iBNlD6"),
    ("bcrypt", "bcrypt$$2b$05$BVpAncFjWXcF.WqzosjSPesNpSguiIV82K8Jn1tPDj2476n.YnQ66"),
    ("bcrypt", "bcrypt_sha256$$2b$05$9BJL6Rc9Q8Sc3G1MDCVwS.qkMbX2lC.YvUdoCQ.X5Vx19S/k7nozu"),
    ("scrypt", "$scrypt$ln=10,r=8,p=2$X0uJEQLAmLP2ntN6b22t9Q$yiDl38pl/T5d41yzuIK5eTBqECMYDih/EpdRDDdWqss"),
    (
        "scrypt",
        "scrypt:1024:8:1$saltsaltsalt$79f3e384bb1cea0e85f3b0b8afc256f8d76d862ab68f57c264403c6ab194d28d\
         ff4e3180eb910f458c75c1377f81d5c3954adeb796589595df140000dba7f276",
    ),
    (
        "scrypt",
        "scrypt$1024$saltsaltsalt$8$5$8q/xo8InyoCGNRnHwzT2rxpW0fOFSD9jeN+Z1lOeIYtPfxMO1hfMOFnitRHyW6oZZ/PP7lWFFU/\
         rx3xziRueaA==",
    ),
    ("pbkdf2", "$pbkdf2$1000$YwwBgPCes/b.f08JQQgBYA$NbNvxj06ls5ppGLSeQyPBwL.gV0"),
    ("pbkdf2", "$pbkdf2-sha256$1000$idH6f.89ZyzFmDMGoPS.tw$0rkKkNfkLoBoikVOMThDQ5EH/di9/WYAjSVHNkkkWeM"),
    (
        "pbkdf2",
        "$pbkdf2-sha512$1000$ZyzFGCPE.N9b6907JySklA$gaV1jCt3liBTgqvx0GBbjCIquuBop3wfK3TXiFff1fvV7ilV.zyKyTrbIm/\
         aw.Eg3HBE3dQmWRSjvFjG0XMvlw",
    ),
    (
        "pbkdf2",
        "pbkdf2:sha256:1000$saltsaltsalt$19a715f28133525dca3343307b2f72acc7133caa642f88d7ac5a5b281f283a72",
    ),
    ("pbkdf2", "pbkdf2_sha256$1000$saltsaltsalt$GacV8oEzUl3KM0Mwey9yrMcTPKpkL4jXrFpbKB8oOnI="),
    ("pbkdf2", "pbkdf2_sha1$1000$saltsaltsalt$bXetuqXv3xEiqmlwhuj1G8h56R4="),
];

/// What Keycloak exports: the value, and the members of `credentialData`. The salt is the same in all.
const OF_KEYCLOAK: [(&str, &str); 4] = [
    (
        "hLgWbuglBOZvMJOgHBtuN2QgEzGPxtV+aeF/8ftenGgYGvtkQ8DmioFCYdSpExQbFWmu+sKmb+EtmGKQhHlK2A==",
        r#"{"hashIterations":1000,"algorithm":"pbkdf2-sha256","additionalParameters":{}}"#,
    ),
    (
        "dPmcxMTnkbdrhMljrYCm9ZCNZfx4PbOtk7LOMqw2WvUaHAUFjzXG3aX43V5ve50n0GUuHlA4APW9hKDYxouKpQ==",
        r#"{"hashIterations":1000,"algorithm":"pbkdf2-sha512","additionalParameters":{}}"#,
    ),
    (
        "SDOcZJuIalPUeu5yMoYCeJmCDpNKIbeJ7GLK/nXEdkGgMGagO55Z87nQgd3ajpEhfKnIv5hPAHpw0K7PXtHBUA==",
        r#"{"hashIterations":1000,"algorithm":"pbkdf2"}"#,
    ),
    (
        "y/+iXlcGJTrlGFetFCuVccKXwHl4h4v3CKbu1tbsPu4=",
        r#"{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["1024"],
            "type":["id"],"version":["1.3"],"parallelism":["1"]}}"#,
    ),
];

fn of_keycloak((value, credential): (&str, &str)) -> Result<Imported, NotImportable> {
    let secret =
        format!(r#"{{"value":"{value}","salt":"a2V5Y2xvYWstc2FsdC0xNg==","additionalParameters":{{}}}}"#);
    Imported::of_keycloak(&secret, credential)
}

fn assert_fits(hash: &Imported) {
    assert!(hash.fits(PASSWORD), "{hash:?}");
    assert!(!hash.fits(b"correct horse batterz"), "{hash:?}");
    assert!(!hash.fits(b""), "{hash:?}");
    // As it is kept, it is the same.
    assert_eq!(Imported::read(&hash.to_text()).as_ref(), Ok(hash));
}

/// F8
#[test]
fn what_other_programs_made_fits_the_password_and_no_other() {
    for (scheme, text) in KNOWN {
        let hash = Imported::read(text).unwrap_or_else(|error| panic!("{text} {error}"));
        assert_eq!(hash.scheme(), scheme, "{text}");
        assert_fits(&hash);
    }
    for credential in OF_KEYCLOAK {
        assert_fits(&of_keycloak(credential).unwrap());
    }
}

/// 120 bytes, of which bcrypt saw 72.
#[test]
fn bcrypt_looks_no_further_than_it_does_elsewhere() {
    let hash = Imported::read("$2b$05$uqftYTsNtn0pQ/P.p0xm9eGcUBt228fTsC7BbHzeAW91ab7l2HbOu").unwrap();
    assert!(hash.fits("ü".repeat(60).as_bytes()));
    assert!(hash.fits("ü".repeat(36).as_bytes()));
    assert!(!hash.fits("ü".repeat(35).as_bytes()));
}

/// F8, T14: nothing is computed for these.
#[test]
fn what_would_cost_too_much_is_refused_unseen() {
    let salt = "MDEyMzQ1Njc4OWFiY2RlZg$F97S9LyfF8y17QFGHCFUpGrkVqj7MW6bR8n2gLHKu5E";
    let begun = std::time::Instant::now();
    for text in [
        format!("$argon2id$v=19$m=4194304,t=1,p=1${salt}"),
        format!("$argon2id$v=19$m=1024,t=4000000000,p=1${salt}"),
        format!("$argon2id$v=19$m=131072,t=4,p=1${salt}"),
        format!("$argon2id$v=19$m=131072,t=1,p=1024${salt}"),
        "$2b$31$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe".to_owned(),
        "$2b$15$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe".to_owned(),
        format!("$scrypt$ln=30,r=8,p=1${salt}"),
        format!("$scrypt$ln=63,r=4294967295,p=4294967295${salt}"),
        format!("$scrypt$ln=10,r=8,p=1000000${salt}"),
        "scrypt$1073741824$saltsaltsalt$8$1$F97S9LyfF8y17QFGHCFUpGrkVqj7MW6bR8n2gLHKu5E".to_owned(),
        format!("$pbkdf2-sha256$i=1000000000${salt}"),
        "pbkdf2_sha256$1000000000$saltsaltsalt$GacV8oEzUl3KM0Mwey9yrMcTPKpkL4jXrFpbKB8oOnI=".to_owned(),
    ] {
        let refused = Imported::read(&text).unwrap_err();
        assert!(matches!(refused, NotImportable::TooCostly { .. }), "{text}: {refused}");
    }
    let (value, _) = OF_KEYCLOAK[0];
    let dear = of_keycloak((value, r#"{"hashIterations":1000000000,"algorithm":"pbkdf2-sha256"}"#));
    assert!(matches!(dear, Err(NotImportable::TooCostly { .. })));
    assert!(begun.elapsed().as_millis() < 500);
}

/// What is usual elsewhere is within the limits.
#[test]
fn what_is_recommended_elsewhere_is_taken() {
    let salt = "MDEyMzQ1Njc4OWFiY2RlZg$F97S9LyfF8y17QFGHCFUpGrkVqj7MW6bR8n2gLHKu5E";
    for params in [
        "argon2id$v=19$m=102400,t=2,p=8",
        "argon2id$v=19$m=65536,t=3,p=4",
        "argon2id$v=19$m=47104,t=1,p=1",
        "argon2i$v=19$m=102400,t=2,p=8",
        "scrypt$ln=17,r=8,p=1",
        "scrypt$ln=15,r=8,p=3",
        "scrypt$ln=13,r=8,p=10",
        "pbkdf2-sha1$i=1300000",
        "pbkdf2-sha256$i=1200000",
        "pbkdf2-sha512$i=210000",
    ] {
        assert!(Imported::read(&format!("${params}${salt}")).is_ok(), "{params}");
    }
}

#[test]
fn what_is_broken_is_refused() {
    let salt = "MDEyMzQ1Njc4OWFiY2RlZg";
    let output = "F97S9LyfF8y17QFGHCFUpGrkVqj7MW6bR8n2gLHKu5E";
    for text in [
        String::new(),
        "hunter2".to_owned(),
        "5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
        "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/".to_owned(),
        "$2x$05$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe".to_owned(),
        "$2b$05$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3".to_owned(),
        "$2b$99$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe".to_owned(),
        format!("$argon2id$v=19$m=1024,t=2,p=4${salt}$YQ"),
        format!("$argon2id$v=19$m=1024,t=2,p=4$${output}"),
        format!("$argon2id$v=19$m=1024,t=2,p=4,keyid=x${salt}${output}"),
        format!("$argon2id$v=19$m=1024,t=2,t=3,p=4${salt}${output}"),
        format!("$argon2id$v=20$m=1024,t=2,p=4${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=2,p=4${salt}${output}"),
        format!("$scrypt$ln=0,r=8,p=1${salt}${output}"),
        format!("scrypt:1000:8:1$salt${}", "ab".repeat(32)),
        format!("scrypt:1024:8:1$salt${}", "é".repeat(16)),
        format!("$pbkdf2-md5$i=1000${salt}${output}"),
        format!("$pbkdf2-sha256$i=0${salt}${output}"),
        format!("$pbkdf2-sha256$i=1000${salt}$YWI"),
        format!("pbkdf2_sha256$1000$${output}"),
        "x".repeat(100_000),
    ] {
        assert!(Imported::read(&text).is_err(), "{text}");
    }
    assert!(of_keycloak(("", r#"{"hashIterations":1000,"algorithm":"md5"}"#)).is_err());
    assert!(Imported::of_keycloak("{}", "[]").is_err());
}

/// Refusals and debugging say nothing of the hash.
#[test]
fn a_hash_is_not_shown() {
    let (_, text) = KNOWN[2];
    let hash = Imported::read(text).unwrap();
    assert!(!format!("{hash:?}").contains("F97S9Lyf"));
    let refused = Imported::read(&text.replace("m=1024", "m=41943040")).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("F97S9Lyf"));
}

#[test]
fn a_decoy_costs_the_same_and_is_one_per_cost() {
    let decoys: Vec<String> = [KNOWN[6].1, KNOWN[7].1, KNOWN[0].1]
        .into_iter()
        .map(|text| Imported::read(text).unwrap().decoy())
        .collect();
    assert_eq!(decoys[0], decoys[1]);
    assert_ne!(decoys[0], decoys[2]);
    for decoy in decoys {
        let read = Imported::read(&decoy).unwrap();
        assert!(!read.fits(PASSWORD));
    }
}
