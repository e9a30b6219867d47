//! A separate small disk for a test, to be filled: a tmpfs, which reports a full disk like any file system.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// A mounted tmpfs, unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// A disk of so many megabytes.
    ///
    /// # Errors
    /// When this process may not mount.
    pub fn of_megabytes(megabytes: u32) -> Result<SmallDisk> {
        let folder = tempfile::Builder::new().prefix("orderlog-disk.").tempdir().context("making a folder")?;
        let size = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "orderlog-test"]).arg(folder.path()).output();
        let mounted = mounted.context("running mount")?;
        ensure!(
            mounted.status.success(),
            "a disk to fill up cannot be mounted ({}): run as root, or in a namespace of your own with `unshare -rm tests/run`",
            String::from_utf8_lossy(&mounted.stderr).trim()
        );
        Ok(SmallDisk { folder })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Makes it read-only.
    ///
    /// # Errors
    /// When the disk is still in use.
    pub fn protect(&self) -> Result<()> {
        let mounted = Command::new("mount").args(["-o", "remount,ro"]).arg(self.folder.path()).output()?;
        ensure!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr).trim());
        Ok(())
    }

    /// Leaves no byte free.
    ///
    /// # Errors
    /// When it fails otherwise than by being full.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).context("making ballast")?;
        loop {
            match ballast.write(&[0; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => bail!("the disk cannot be filled: {error}"),
            }
        }
    }

    /// Frees what [`fill`](SmallDisk::fill) took.
    ///
    /// # Errors
    /// When the ballast cannot be removed.
    pub fn make_room(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("removing the ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open there keeps it until it closes it.
        let unmounted = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.folder.path().display());
        }
    }
}
