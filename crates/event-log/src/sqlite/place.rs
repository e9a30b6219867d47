//! Where a SQLite log lives: its file, which a copy, a backup and a restore beside it are not.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::UNIX_EPOCH};

/// Number and birth of the file, which moving it within a disk, mounting it elsewhere and restarting the machine keep. A
/// disk that keeps no birth is given the path instead.
pub(super) fn of(file: &Path) -> std::io::Result<String> {
    let metadata = fs::metadata(file)?;
    let birth = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(match birth {
        Some(birth) => format!("sqlite/{}/{}.{:09}", metadata.ino(), birth.as_secs(), birth.subsec_nanos()),
        None => format!("sqlite/{}{}", metadata.ino(), fs::canonicalize(file)?.display()),
    })
}
