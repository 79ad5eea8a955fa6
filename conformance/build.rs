//! Writes one test for each failure mode of the catalogue.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let catalogue = Path::new("../scep-failures/catalogue");
    println!("cargo::rerun-if-changed={}", catalogue.display());
    let mut ids = Vec::new();
    for layer in folders(catalogue)? {
        println!("cargo::rerun-if-changed={}", layer.display());
        if layer.ends_with("symptoms") {
            continue;
        }
        for entry in fs::read_dir(&layer)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                ids.extend(path.file_stem().map(|id| id.to_string_lossy().into_owned()));
            }
        }
    }
    ids.sort();
    let mut text = String::new();
    for id in ids {
        let name = id.replace('-', "_");
        // writing to a String cannot fail
        let _ = write!(text, "#[test]\nfn {name}() {{\n    check({id:?});\n}}\n\n");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("modes.rs"), text)
}

fn folders(below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below)? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}
