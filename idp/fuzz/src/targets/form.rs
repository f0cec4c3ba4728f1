//! Parameters of the protocol, as a query or the body of a form.
//! There is a bound on their number, no zero byte in them, and written anew they are read as the same.

use idp::web::params::{Malformed, Params};
use url::form_urlencoded::{Serializer, parse};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let pieces = text.split('&').filter(|pair| !pair.is_empty()).count();
    let params = match Params::parse(text) {
        Ok(params) => params,
        Err(Malformed::TooMany) => return assert!(pieces > 100, "there are few"),
        Err(Malformed::Encoding) => return,
    };
    assert!(pieces <= 100 && params.len() <= text.len(), "more came out than was in it");
    let mut written = Serializer::new(String::new());
    for (name, value) in parse(data) {
        let repeats = Params::may_repeat(&name);
        let kept = if repeats {
            params.all(&name).contains(&value.to_string())
        } else {
            params.get(&name).is_some()
        };
        assert!(kept || value.is_empty() || params.is_repeated(&name), "{name} got lost");
        assert!(!value.contains('\0') && !name.contains('\0'), "a zero byte");
        // What another reader takes for the first value of a name is what we take for it.
        if !repeats && !params.is_repeated(&name) && !value.is_empty() {
            assert_eq!(params.get(&name), Some(&*value), "{name} is another than for everybody else");
        }
        written.append_pair(&name, &value);
    }
    let again = Params::parse(&written.finish()).expect("what was read can be written");
    for (name, _) in parse(data) {
        assert_eq!((params.get(&name), params.all(&name)), (again.get(&name), again.all(&name)));
        assert_eq!(params.is_repeated(&name), again.is_repeated(&name));
    }
    assert_eq!(params.len(), again.len());
}
