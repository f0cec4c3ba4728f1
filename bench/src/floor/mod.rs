//! The floor: a server that does only what no provider can do without, at the same addresses, and answers with as many
//! bytes as the provider does. Never checks more than that, and keeps nothing that it does not need for it.

mod answer;
mod database;
mod endpoints;
mod passkeys;
mod passwords;
pub mod plan;
mod signing;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::ServiceExt;

use answer::Answer;
use database::Database;
use passkeys::Passkeys;
use passwords::Passwords;
use plan::Plan;
use signing::{Signer, TokenForm};

/// The parts of the server, built once.
struct Floor {
    database: Database,
    signer: Signer,
    random: SystemRandom,
    passkeys: Passkeys,
    passwords: Passwords,
    /// Codes that were given and not used.
    codes: Mutex<HashSet<[u8; 32]>>,
    answers: HashMap<String, Answer>,
    /// By the name of the answer that they are in.
    tokens: HashMap<String, Vec<TokenForm>>,
}

/// Serves until the listener fails or the process is ended.
///
/// # Errors
/// When the plan is of no use, or the database or the listener fails.
pub async fn serve(listener: TcpListener, plan: &Plan) -> anyhow::Result<()> {
    let database = Database::open(&plan.database).await?;
    database.fill(&plan.kept).await?;
    let mut answers = HashMap::new();
    let mut tokens = HashMap::new();
    for (name, shape) in &plan.answers {
        let forms = signing::forms(&shape.body);
        let texts: Vec<&str> = forms.iter().map(|(text, _)| text.as_str()).collect();
        answers.insert(name.clone(), Answer::new(name, shape, &texts)?);
        tokens.insert(name.clone(), forms.into_iter().map(|(_, form)| form).collect());
    }
    let floor = Arc::new(Floor {
        database,
        signer: Signer::generate()?,
        random: SystemRandom::new(),
        passkeys: Passkeys::new(&plan.passkeys)?,
        passwords: Passwords::start()?,
        codes: Mutex::default(),
        answers,
        tokens,
    });
    let router = endpoints::router(floor);
    loop {
        let (stream, _) = listener.accept().await.context("the listener failed")?;
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| router.clone().oneshot(request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
