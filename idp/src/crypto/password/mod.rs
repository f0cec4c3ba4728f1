//! Passwords: their legal form, and hashing with Argon2id on threads of its own. The number of
//! hashes under way and waiting is bounded; beyond it the caller is told that we are busy, so that a
//! flood of guesses costs the guesser and not everybody else.

mod imported;
mod padding;
mod rules;
#[cfg(test)]
mod tests;

pub use imported::{Imported, NotImportable};
pub use rules::{MAX_BYTES, MIN_CHARS, Password, PasswordRefused};

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::Instrument;

use padding::Padding;

use super::constant_time_eq;
use super::random::Entropy;
use crate::meter::Hashing;

/// OWASP's first choice: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const OUTPUT: usize = 32;
/// A stored hash that asks for more than this was not made by us (T14).
const MAX_MEMORY_KIB: u32 = 65_536;
const MAX_PASSES: u32 = 10;

#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("all password workers are busy and the queue is full")]
    Busy,
    #[error("a stored password hash is damaged or not one of ours")]
    BadHash,
    #[error("the password workers have stopped")]
    Stopped,
}

/// Stands before a hash that another program made, so that it is never taken for one of ours.
const IMPORTED: &str = "imported:";

enum Job {
    Hash(Password, [u8; 16], oneshot::Sender<Result<String, HashError>>),
    /// With the salt of a hash of ours, where there is none yet.
    Verify(Password, Arc<str>, [u8; 16], oneshot::Sender<Result<Worked, HashError>>),
}

/// What a worker found out, and how long it took.
struct Worked {
    verdict: Verdict,
    took: Duration,
}

/// Whether a password fits.
#[derive(Default)]
pub struct Verdict {
    pub fits: bool,
    /// A hash of ours to keep from now on, where the one it fits was made by another program.
    pub renewed: Option<String>,
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdict").field("fits", &self.fits).finish_non_exhaustive()
    }
}

/// A hash that another program made, as the database keeps it.
#[must_use]
pub fn marked(hash: &Imported) -> String {
    format!("{IMPORTED}{}", *hash.to_text())
}

/// Hands jobs to the workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PasswordWorkers {
    jobs: Sender<(Job, Permit)>,
    /// One per worker and per waiting place.
    places: Arc<Semaphore>,
    /// Verified when there is no account or no password, so that the answer takes as long.
    decoy: Arc<str>,
    /// A wrong password is answered no sooner than after this.
    padding: Arc<Padding>,
    entropy: Entropy,
    meter: Arc<Hashing>,
    threads: usize,
    queue: usize,
}

/// By how much password workers give way, in the steps of the operating system: a tenth of a core is theirs when all are busy.
#[cfg(target_os = "linux")]
const YIELDING: i32 = 10;

/// How much the workers have to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Jobs that nobody has begun.
    pub waiting: usize,
    /// More than this can not wait.
    pub most_waiting: usize,
}

/// A place with a worker or in the queue, kept until the job is done.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held, and given back when dropped")] OwnedSemaphorePermit);

impl PasswordWorkers {
    /// Starts `threads` workers with room for `queue` waiting jobs.
    ///
    /// # Errors
    /// When the operating system gives no thread, or no randomness.
    pub fn start(threads: usize, queue: usize, entropy: Entropy) -> anyhow::Result<Self> {
        let threads = threads.max(1);
        // Unbounded, because what bounds it is that every job holds a permit.
        let (jobs, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let meter = Arc::<Hashing>::default();
        for index in 0..threads {
            let (receiver, meter) = (Arc::clone(&receiver), Arc::clone(&meter));
            let work = move || work(&receiver, &meter);
            std::thread::Builder::new().name(format!("password-{index}")).spawn(work)?;
        }
        let decoy = phc(&entropy.bytes::<16>()?, &entropy.bytes::<OUTPUT>()?)?;
        let (places, padding) = (Arc::new(Semaphore::new(threads + queue)), Arc::default());
        Ok(Self { jobs, places, decoy: decoy.into(), padding, entropy, meter, threads, queue })
    }

    /// Takes a place for one job.
    ///
    /// # Errors
    /// [`HashError::Busy`] when there is none.
    pub fn reserve(&self) -> Result<Permit, HashError> {
        Arc::clone(&self.places).try_acquire_owned().map(Permit).map_err(|_| {
            self.meter.shed.add_one();
            HashError::Busy
        })
    }

    #[must_use]
    pub fn meter(&self) -> &Hashing {
        &self.meter
    }

    #[must_use]
    pub fn load(&self) -> Load {
        let taken = (self.threads + self.queue).saturating_sub(self.places.available_permits());
        Load { waiting: taken.saturating_sub(self.threads), most_waiting: self.queue }
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full.
    pub async fn hash(&self, password: Password, entropy: Entropy) -> Result<String, HashError> {
        let salt = entropy.bytes().map_err(|_| HashError::Stopped)?;
        let (answer, answered) = oneshot::channel();
        self.submit(Job::Hash(password, salt, answer), self.reserve()?)?;
        answered.instrument(span()).await.map_err(|_| HashError::Stopped)?
    }

    /// Whether the password fits the hash. With no hash the work is done all the same and the answer is no. As long
    /// as there are hashes that take longer than ours, no is said so late that it could have been about one of them.
    ///
    /// # Errors
    /// When the stored hash is damaged.
    pub async fn verify(
        &self,
        password: Password,
        hash: Option<&str>,
        permit: Permit,
    ) -> Result<Verdict, HashError> {
        let against = hash.map_or_else(|| Arc::clone(&self.decoy), Arc::from);
        let Worked { verdict, took } = self.judge(password, against, permit).await?;
        if verdict.fits && hash.is_some() {
            return Ok(verdict);
        }
        tokio::time::sleep(self.padding.least().saturating_sub(took)).await;
        Ok(Verdict::default())
    }

    /// Learns how long the dearest of these hashes takes, so that wrong passwords for others are answered no sooner.
    /// Does nothing while they are the same as before.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full, and when one of them is damaged.
    pub async fn pad_for(&self, decoys: Vec<String>) -> Result<(), HashError> {
        if self.padding.is_for(&decoys) {
            return Ok(());
        }
        let mut dearest = Duration::ZERO;
        for decoy in &decoys {
            let against: Arc<str> = format!("{IMPORTED}{decoy}").into();
            let mut least = Duration::MAX;
            // The better of two: what else the machine was doing is not what the hash costs.
            for _ in 0..2 {
                // One with two spellings (NFKC), both of which are tried: the dearest guess that there is.
                let password = Password::presented("nobody's \u{fb01}le").map_err(|_| HashError::BadHash)?;
                least = least.min(self.judge(password, Arc::clone(&against), self.reserve()?).await?.took);
            }
            dearest = dearest.max(least);
        }
        self.padding.set(decoys, dearest);
        Ok(())
    }

    async fn judge(
        &self,
        password: Password,
        against: Arc<str>,
        permit: Permit,
    ) -> Result<Worked, HashError> {
        let salt = self.entropy.bytes().map_err(|_| HashError::Stopped)?;
        let (answer, answered) = oneshot::channel();
        self.submit(Job::Verify(password, against, salt, answer), permit)?;
        answered.instrument(span()).await.map_err(|_| HashError::Stopped)?
    }

    fn submit(&self, job: Job, permit: Permit) -> Result<(), HashError> {
        self.jobs.send((job, permit)).map_err(|_| HashError::Stopped)
    }
}

/// The wait for a worker and its work, in a trace.
fn span() -> tracing::Span {
    tracing::debug_span!(target: "idp::work", "password")
}

/// One worker: takes jobs until nobody can send any more. Its memory is kept between jobs, because
/// fresh pages cost as much as the hash.
fn work(jobs: &Mutex<Receiver<(Job, Permit)>>, meter: &Hashing) {
    // Passwords take the cores that nothing else needs: whoever comes with a passkey does not wait for them. Elsewhere it would
    // be the whole process that gives way.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(YIELDING);
    let mut memory = Vec::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((job, _permit)) = next else {
            return;
        };
        let begun = Instant::now();
        match job {
            Job::Hash(password, salt, answer) => {
                let hash = hash_now(&password, salt, &mut memory);
                meter.took.note(begun.elapsed());
                let _ = answer.send(hash);
            }
            Job::Verify(password, against, salt, answer) => {
                let verdict = match against.strip_prefix(IMPORTED) {
                    None => verify_now(&password, &against, &mut memory)
                        .map(|fits| Verdict { fits, renewed: None }),
                    Some(foreign) => verify_imported(&password, foreign, salt, &mut memory),
                };
                let took = begun.elapsed();
                meter.took.note(took);
                let _ = answer.send(verdict.map(|verdict| Worked { verdict, took }));
            }
        }
    }
}

fn hash_now(password: &Password, salt: [u8; 16], memory: &mut Vec<Block>) -> Result<String, HashError> {
    let output = argon2id(password, &salt, MEMORY_KIB, PASSES, memory)?;
    phc(&salt, &output)
}

/// Checks against a hash that another program made, of the password as it was typed or as we write it (F5), and makes one
/// of ours where it fits (F8).
fn verify_imported(
    password: &Password,
    against: &str,
    salt: [u8; 16],
    memory: &mut Vec<Block>,
) -> Result<Verdict, HashError> {
    let hash = Imported::read(against).map_err(|_| HashError::BadHash)?;
    if !password.spellings().any(|spelling| hash.fits(spelling.as_bytes())) {
        return Ok(Verdict::default());
    }
    Ok(Verdict { fits: true, renewed: Some(hash_now(password, salt, memory)?) })
}

fn verify_now(password: &Password, against: &str, memory: &mut Vec<Block>) -> Result<bool, HashError> {
    let stored = PasswordHash::new(against).map_err(|_| HashError::BadHash)?;
    let parameter = |name: &str| stored.params.get_decimal(name).ok_or(HashError::BadHash);
    let (memory_kib, passes) = (parameter("m")?, parameter("t")?);
    let within = (8..=MAX_MEMORY_KIB).contains(&memory_kib) && (1..=MAX_PASSES).contains(&passes);
    if stored.algorithm.as_str() != "argon2id" || !within || parameter("p")? != 1 {
        return Err(HashError::BadHash);
    }
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(HashError::BadHash);
    };
    let output = argon2id(password, salt.as_ref(), memory_kib, passes, memory)?;
    Ok(constant_time_eq(&output, expected.as_bytes()))
}

fn argon2id(
    password: &Password,
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    memory: &mut Vec<Block>,
) -> Result<[u8; OUTPUT], HashError> {
    let params = Params::new(memory_kib, passes, 1, Some(OUTPUT)).map_err(|_| HashError::BadHash)?;
    memory.resize(params.block_count(), Block::default());
    let mut output = [0; OUTPUT];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            password.expose().as_bytes(),
            salt,
            &mut output,
            memory.as_mut_slice(),
        )
        .map_err(|_| HashError::BadHash)?;
    Ok(output)
}

fn phc(salt: &[u8], output: &[u8]) -> Result<String, HashError> {
    let mut params = ParamsString::new();
    for (name, value) in [("m", MEMORY_KIB), ("t", PASSES), ("p", 1)] {
        params.add_decimal(name, value).map_err(|_| HashError::BadHash)?;
    }
    let hash = PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params,
        salt: Some(Salt::new(salt).map_err(|_| HashError::BadHash)?),
        hash: Some(Output::new(output).map_err(|_| HashError::BadHash)?),
    };
    Ok(hash.to_string())
}
