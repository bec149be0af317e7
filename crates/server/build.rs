//! Puts the built portal into the binary, each file compressed ahead; an empty list where it was not built.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Where Vite puts it.
const DIST: &str = "../../portal/app/dist";
/// The greatest effort of zstd whose window every browser takes (8 MiB, RFC 9659).
const ZSTD_LEVEL: i32 = 19;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join(DIST);
    // Cargo would run this at each build for as long as what it is to look at is not there, and once more if it was made
    // just now. Where the sources cannot be written to, that is what it costs.
    if !root.is_dir() && fs::create_dir_all(&root).is_ok() {
        let before = SystemTime::now() - Duration::from_hours(1);
        File::open(&root).and_then(|folder| folder.set_modified(before)).ok();
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DIST}");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut files = Vec::new();
    if root.join("index.html").is_file() {
        find(&root, "", &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (number, name) in files.iter().enumerate() {
        let plain = fs::read(root.join(name))?;
        let [gzip, zstd] = packed(&plain)?;
        let parts = [("plain", plain), ("gzip", gzip), ("zstd", zstd)];
        write!(list, "    PortalFile::new({name:?}")?;
        for (kind, content) in parts {
            let file = out.join(format!("portal-{number}.{kind}"));
            fs::write(&file, content)?;
            let file = file.to_str().ok_or("the path of the build is no UTF-8")?;
            write!(list, ", include_bytes!({file:?})")?;
        }
        list.push_str("),\n");
    }
    list.push_str("]\n");
    fs::write(out.join("portal.rs"), list)?;
    Ok(())
}

/// The files below a folder, by their paths from `root` on.
fn find(root: &Path, below: &str, files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| "a name that is no UTF-8")?;
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            find(root, &name, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

/// With gzip and with zstd; nothing where that saves less than a tenth.
fn packed(plain: &[u8]) -> Result<[Vec<u8>; 2], Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    let both = [encoder.finish()?, zstd::bulk::compress(plain, ZSTD_LEVEL)?];
    let is_worth_it = |packed: &Vec<u8>| packed.len() < plain.len() / 10 * 9;
    Ok(if both.iter().all(is_worth_it) { both } else { [Vec::new(), Vec::new()] })
}
