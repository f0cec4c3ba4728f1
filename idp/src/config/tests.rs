//! What the configuration accepts, and how it complains.

use super::*;
use crate::model::user::Email;

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, Problems> {
    let path = std::env::temp_dir().join(format!(
        "idp-config-{}-{:?}.toml",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let result = Config::from_sources(Some(&path), environment);
    std::fs::remove_file(&path).unwrap();
    result
}

fn complaint(file: &str, environment: &[(&str, &str)]) -> String {
    load(file, environment).unwrap_err().to_string()
}

#[test]
fn the_defaults_load_and_add_the_example_client_on_localhost() {
    let config = Config::from_sources(None, []).unwrap();
    assert_eq!(config.public_url.issuer(), "http://localhost:8080");
    assert!(config.development);
    assert_eq!(config.clients.len(), 1);
}

#[test]
fn the_production_example_loads_but_for_its_secret_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/production.toml");
    let problems = Config::from_sources(Some(&path), []).unwrap_err().to_string();
    assert_eq!(problems.lines().count(), 1);
    assert!(problems.contains("secret_file /etc/portico/practice-web.secret can not be read"), "{problems}");
}

#[test]
fn a_proxy_is_an_address_or_a_network() {
    let config = load("[http]\ntrusted_proxies = [\"192.0.2.1\", \"10.0.0.0/8\", \"::1\"]", &[]).unwrap();
    let trusts = |address: &str| {
        config
            .http
            .trusted_proxies
            .iter()
            .any(|network| network.contains(&address.parse::<std::net::IpAddr>().unwrap()))
    };
    assert!(trusts("192.0.2.1") && trusts("10.1.2.3") && trusts("::1"));
    assert!(!trusts("192.0.2.2") && !trusts("::2"));
    let complaint = complaint("[http]\ntrusted_proxies = [\"proxy.example.org\"]", &[]);
    assert!(complaint.contains("is no address or network such as 10.0.0.0/8"), "{complaint}");
}

#[test]
fn away_from_localhost_no_example_client_exists() {
    let config =
        Config::from_sources(None, [("IDP_PUBLIC_URL".to_owned(), "https://login.example".to_owned())]);
    let config = config.unwrap();
    assert!(!config.development && config.clients.is_empty());
}

#[test]
fn the_environment_overrides_the_file() {
    let config =
        load("[http]\nlisten = \"127.0.0.1:1\"\n", &[("IDP_HTTP__LISTEN", "127.0.0.1:2"), ("PATH", "x")]);
    assert_eq!(config.unwrap().http.listen.port(), 2);
}

#[test]
fn an_unknown_key_names_its_line_and_the_nearest_one() {
    let text = complaint("public_url = \"https://a.example\"\n[http]\nlisen = \"x\"\n", &[]);
    assert!(text.contains(".toml:3: there is no setting http.lisen. Did you mean listen?"), "{text}");
    let text = complaint("", &[("IDP_HTTP__LISTENS", "x")]);
    assert!(
        text.contains("IDP_HTTP__LISTENS: there is no setting http.listens. Did you mean IDP_HTTP__LISTEN?"),
        "{text}"
    );
    let text = complaint("[[clients]]\nid = \"a\"\nredirect_urls = []\n", &[]);
    assert!(
        text.contains(".toml:3: there is no setting clients.0.redirect_urls. Did you mean redirect_uris?"),
        "{text}"
    );
}

#[test]
fn a_wrong_value_names_its_line() {
    let text = complaint("\n[http]\nlisten = \"nowhere\"\n", &[]);
    assert!(text.contains(".toml:3: http.listen: invalid socket address"), "{text}");
    let text = complaint("[sessions]\nidle_minutes = 0\n", &[]);
    assert!(text.contains(".toml:2: sessions.idle_minutes: must be at least 1"), "{text}");
    let text = complaint("", &[("IDP_SESSIONS__IDLE_MINUTES", "soon")]);
    assert!(text.contains("IDP_SESSIONS__IDLE_MINUTES: \"soon\" is not a integer"), "{text}");
    let text = complaint("x = [\n", &[]);
    assert!(text.contains(".toml:"), "{text}");
}

#[test]
fn the_public_url_is_https_or_localhost_and_nothing_more() {
    for url in [
        "http://login.example",
        "https://login.example/idp",
        "https://1.2.3.4",
        "ftp://x",
        "x",
        "https://u:p@login.example",
        "https://login.example?x",
        "http://127.0.0.1:8080",
    ] {
        assert!(load(&format!("public_url = {url:?}"), &[]).is_err(), "{url}");
    }
}

#[test]
fn the_published_secret_is_refused_in_production() {
    let file = format!("public_url = \"https://login.example\"\n{DEVELOPMENT}");
    assert!(complaint(&file, &[]).contains("uses the secret of the published example"));
}

#[test]
fn a_client_that_can_not_work_is_refused() {
    let client = |rest: &str| format!("[[clients]]\nid = \"a\"\nname = \"A\"\n{rest}");
    for (rest, expected) in [
        ("type = \"web\"\nredirect_uris = [\"https://a.example/\"]", "needs a secret"),
        ("type = \"web\"\nsecret = \"short\"\nredirect_uris = [\"https://a.example/\"]", "fewer than 32"),
        ("type = \"spa\"\nredirect_uris = []", "at least one redirect_uri"),
        ("type = \"spa\"\nredirect_uris = [\"https://a.example/#x\"]", "fragment"),
        (
            "type = \"native\"\nconsent = \"never\"\nredirect_uris = [\"http://127.0.0.1/\"]",
            "consent must be always",
        ),
        ("type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\nscopes = [\"profile\"]", "scope openid"),
        ("type = \"machine\"", "needs a secret"),
        ("type = \"machine\"\nauth_method = \"private_key_jwt\"", "public keys (jwks_file or jwks_uri)"),
        ("type = \"machine\"\nauth_method = \"none\"", "must authenticate"),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\nrequire_pkce = false",
            "must authenticate to do without PKCE",
        ),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\nlegacy_flows = [\"id_token token\"]\nrequire = [\"dpop\"]",
            "can not have access tokens bound to a key",
        ),
        (
            "type = \"native\"\nconsent = \"always\"\nredirect_uris = [\"org.example:/a\"]\nlegacy_flows = [\"id_token\"]",
            "of type web or spa alone",
        ),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\", \"https://b.example/\"]\nsubject_type = \"pairwise\"",
            "one sector for all",
        ),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\nid_token_encryption = \"RSA1_5\"",
            "none of those in the metadata",
        ),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\nfrontchannel_logout_uri = \"https://b.example/\"",
            "of the same origin as a redirect_uri",
        ),
        ("type = \"machine\"\nscopes = [\"openid\"]", "no scopes about people"),
        ("type = \"machine\"\ngrants = [\"device_code\"]", "device_code is not for it"),
        ("type = \"machine\"\npolicy = \"passkey_only\"", "policy is not for it"),
        ("type = \"device\"\npolicy = \"strict\"", "unknown variant `strict`"),
        ("type = \"device\"\nredirect_uris = [\"https://a.example/\"]", "has no redirect_uris"),
        ("type = \"device\"\nconsent = \"never\"", "consent must be always"),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\ngrants = [\"client_credentials\"]",
            "must authenticate to use client_credentials",
        ),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\nserves = [\"urn:a\"]",
            "must authenticate to serve",
        ),
        (
            "type = \"spa\"\nredirect_uris = [\"https://a.example/\"]\nrequire = [\"signed_requests\"]",
            "public keys (jwks_file or jwks_uri)",
        ),
    ] {
        let text = complaint(&client(rest), &[]);
        assert!(text.contains(expected), "{text}");
    }
}

/// RFC 9396: what a type may be, and that clients use only what there is.
#[test]
fn a_type_that_nobody_could_read_or_use_is_refused() {
    let head = "[[authorization_types]]\ntype = \"pay\"\ntitle = { en = \"Pay\" }\n";
    let good = format!("{head}resources = [\"urn:a\"]\n");
    let member = |rest: &str| format!("{good}[[authorization_types.members]]\n{rest}");
    let client = "[[clients]]\nid = \"a\"\nname = \"A\"\ntype = \"device\"\n";
    for (file, expected) in [
        (head.to_owned(), "missing field `resources`"),
        (format!("{head}resources = []"), "needs resources"),
        (format!("{head}resources = [\"x\"]"), "must be an absolute URI"),
        (good.replace("{ en = \"Pay\" }", "{}"), "needs a title"),
        (good.replace("{ en = \"Pay\" }", "{ en = \" \" }"), "needs a title"),
        (good.replace("\"pay\"", "\"a b\""), "without spaces"),
        (format!("{good}unheard_of = 1"), "unknown field `unheard_of`"),
        (format!("{good}required = [\"actions\"]"), "has actions in required"),
        (format!("{good}words = {{ x = {{}} }}"), "needs a words.x"),
        (format!("{good}{good}"), "is declared twice"),
        (member("name = \"to\"\nkind = \"text\""), "missing field `label`"),
        (member("name = \"to\"\nkind = \"date\"\nlabel = { en = \"To\" }"), "unknown variant `date`"),
        (member("name = \"a b\"\nkind = \"text\"\nlabel = { en = \"To\" }"), "names are 1 to 50"),
        (member("name = \"actions\"\nkind = \"list\"\nlabel = { en = \"To\" }"), "has a meaning for"),
        (
            member("name = \"n\"\nkind = \"number\"\nvalues = [\"1\"]\nlabel = { en = \"N\" }"),
            "has values for n",
        ),
        (member("name = \"n\"\nkind = \"text\"\nmax_length = 1001\nlabel = { en = \"N\" }"), "not 1 to 1000"),
        (
            format!("{client}authorization_details_types = [\"pay\"]"),
            "client a: has the authorization_details_types pay, which is not declared",
        ),
    ] {
        let text = complaint(&file, &[]);
        assert!(text.contains(expected), "{file}: {text}");
    }
    let file = format!("{good}{client}authorization_details_types = [\"pay\"]");
    assert!(load(&file, &[]).unwrap().authorization_types.find("pay").is_some());
}

#[test]
fn a_secret_does_not_show_itself() {
    let secret = "a-long-secret-that-nobody-must-see-in-a-log";
    let file = format!(
        "[secrets]\nmaster_key = \"{secret}\"\n[[clients]]\nid = \"a\"\nname = \"A\"\ntype = \"web\"\n\
         secret = \"{secret}\"\nredirect_uris = [\"https://a.example/\"]\n[database]\nurl = \"postgres://{secret}@x/y\"\n"
    );
    assert!(!format!("{:?}", load(&file, &[]).unwrap()).contains(secret));
}

#[test]
fn people_make_accounts_only_where_somebody_says_so_and_with_the_named_domains() {
    let email = |text| Email::parse(text).unwrap();
    let config = load("", &[]).unwrap();
    assert!(!config.sign_up.open && config.sign_up.admits(&email("ada@example.org")));
    let config = load("[sign_up]\nopen = true\nallowed_domains = [\"Clinic.example\"]", &[]).unwrap();
    assert!(config.sign_up.open && config.sign_up.admits(&email("ada@clinic.example")));
    assert!(!config.sign_up.admits(&email("ada@a.clinic.example")));
    for bad in ["@clinic.example", "ada@clinic.example", "", "*.clinic.example,", "a b"] {
        let complaint = complaint(&format!("[sign_up]\nallowed_domains = [\"{bad}\"]"), &[]);
        assert!(complaint.contains("is no domain such as clinic.example"), "{complaint}");
    }
}

/// Off unless somebody names a program for it, and only for programs.
#[test]
fn a_program_administers_only_what_its_declaration_says() {
    let robot = "[[clients]]\nid = \"robot\"\nname = \"Robot\"\ntype = \"machine\"\n\
        secret = \"a secret that the practice keeps to itself\"\n";
    let plain = load(robot, &[]).unwrap();
    assert!(plain.clients[0].administers.is_empty() && plain.clients[0].settings.resources.is_empty());
    let named = load(&format!("{robot}administers = [\"admin:audit.read\"]"), &[]).unwrap();
    let settings = &named.clients[0].settings;
    assert!(settings.scopes.contains("admin:audit.read"));
    assert!(settings.resources.contains("http://localhost:8080/api/v1"));
    let text = complaint(&format!("{robot}administers = [\"admin:everything\"]"), &[]);
    assert!(text.contains("administers has admin:everything, which is no scope of the API"), "{text}");
    let web = robot.replace("machine", "web");
    let web =
        format!("{web}redirect_uris = [\"https://a.example/cb\"]\nadministers = [\"admin:audit.read\"]");
    assert!(complaint(&web, &[]).contains("administers is for type machine"));
}

#[test]
fn metrics_have_an_address_of_their_own() {
    let port =
        |listen: &str| format!("[http]\nlisten = \"127.0.0.1:8080\"\n[metrics]\nlisten = \"{listen}\"\n");
    let config = load(&port("127.0.0.1:9464"), &[]).unwrap();
    assert_eq!(config.metrics.listen.unwrap().port(), 9464);
    assert!(Config::from_sources(None, []).unwrap().metrics.listen.is_none());
    for same in ["127.0.0.1:8080", "0.0.0.0:8080", "[::]:8080"] {
        let text = complaint(&port(same), &[]);
        assert!(text.contains(".toml:4: "), "{text}");
        assert!(text.contains("is the address of http.listen"), "{text}");
    }
    let text = complaint(&port("nowhere"), &[]);
    assert!(text.contains("\"nowhere\" is not like 127.0.0.1:9090"), "{text}");
}

#[test]
fn a_collector_is_an_address_without_secrets() {
    let named = |endpoint: &str| format!("[telemetry]\notlp_endpoint = \"{endpoint}\"\n");
    let config = load(&named("http://10.0.0.7:4318"), &[]).unwrap();
    assert_eq!(config.telemetry.otlp_endpoint.unwrap().as_str(), "http://10.0.0.7:4318/");
    for bad in ["collector:4318", "ftp://collector", "http://user:password@collector:4318", "http://c/?key=x"]
    {
        let text = complaint(&named(bad), &[]);
        assert!(text.contains("is not like http://127.0.0.1:4318"), "{bad}: {text}");
    }
    let text = complaint("[telemetry]\nsampled_percent = 101\n", &[]);
    assert!(text.contains("must be at most 100"), "{text}");
}
