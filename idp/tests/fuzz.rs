//! What is kept for the fuzzer, tried once: the files of its targets are compiled here as well, without the fuzzer.

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    fs::read_dir(folder).unwrap().map(|entry| stem(entry.unwrap().path())).collect()
}

/// T19
#[test]
fn every_seed_passes_its_target() {
    for (name, target) in targets::ALL {
        let mut seeds: Vec<_> =
            fs::read_dir(folder("seeds").join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        assert!(seeds.len() > 2, "{name} has next to no seeds");
        for seed in seeds {
            let bytes = fs::read(&seed).unwrap();
            let passed = std::panic::catch_unwind(|| target(&bytes)).is_ok();
            assert!(passed, "{} does not pass", seed.display());
        }
    }
    targets::house::clear_away();
}

#[test]
fn every_target_has_its_seeds_and_its_program() {
    let known: BTreeSet<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder("seeds")), known);
    assert_eq!(names(&folder("src/bin")), known);
}
