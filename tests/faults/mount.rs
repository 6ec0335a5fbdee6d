//! File systems that are small enough to be filled, each visible only to processes in its mount namespace. Only root
//! can mount them.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A file system in memory, which exists as long as this value or a process in it.
pub struct SmallDisk {
    /// Keeps the mount namespace alive.
    holder: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk of `mebibytes` MiB at `folder`, owned by `owner`.
    pub fn mount(folder: &Path, mebibytes: u32, owner: &str) -> Self {
        let script =
            "mount -t tmpfs -o size=\"$1\" small \"$2\" && chown \"$3\" \"$2\" && echo mounted && exec sleep 86400";
        let mut holder = Command::new("unshare")
            .args(["--mount", "sh", "-c", script, "sh", &format!("{mebibytes}m")])
            .arg(folder)
            .arg(owner)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "mounted\n");
        Self { holder, folder: folder.to_owned() }
    }

    /// A command that runs its arguments where the disk is visible.
    pub fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--target", &self.holder.id().to_string(), "--"]);
        command
    }

    /// A path to the disk from outside. (`SQLite` cannot use it, as it resolves links, and they lead nowhere from
    /// outside.)
    pub fn outside(&self) -> PathBuf {
        let root = Path::new("/proc").join(self.holder.id().to_string()).join("root");
        root.join(self.folder.strip_prefix("/").unwrap())
    }

    /// Fills the disk until the returned value is dropped.
    pub fn fill(&self) -> Filler {
        let filler = Filler(self.outside().join("filler"));
        let mut file = File::create(&filler.0).unwrap();
        // Smaller steps for the last bytes.
        for size in [1 << 20, 1 << 12, 1] {
            let bytes = vec![0; size];
            let full = loop {
                if let Err(error) = file.write_all(&bytes) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

pub struct Filler(PathBuf);

impl Drop for Filler {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A command that runs its arguments where `folder` is read-only.
pub fn read_only(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    command.args(["--mount", "sh", "-c", script]).arg(folder);
    command
}

/// Whether file systems can be mounted: by root, unless forbidden as in some containers.
pub fn is_permitted() -> bool {
    is_root() && read_only(Path::new("/tmp")).arg("true").output().is_ok_and(|output| output.status.success())
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
