//! How much memory there is.

use std::path::Path;

/// Where a machine does not say how much memory it has.
const UNKNOWN_BYTES: u64 = 4 << 30;

/// A quarter of the memory that this process may use: that of the machine, or less where its control group
/// says so.
pub(crate) fn quarter() -> u64 {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| total_bytes(&text));
    let group = read(Path::new("/proc/self/cgroup"))
        .and_then(|text| Some(text.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned()))
        .and_then(|group| limit_bytes(&Path::new("/sys/fs/cgroup").join(group), &read));
    machine.unwrap_or(UNKNOWN_BYTES).min(group.unwrap_or(u64::MAX)) / 4
}

fn total_bytes(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The least limit of a group and those that it is in.
fn limit_bytes(group: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Option<u64> {
    let limits = group.ancestors().filter_map(|group| read(&group.join("memory.max")));
    limits.filter_map(|limit| limit.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_says_how_much_it_has() {
        let meminfo = "MemFree:  1 kB\nMemTotal:       24683592 kB\nMemAvailable: 2 kB\n";
        assert_eq!(total_bytes(meminfo), Some(24_683_592 * 1024));
        assert_eq!(total_bytes("MemTotal: much\n"), None);
        assert_eq!(total_bytes(""), None);
    }

    #[test]
    fn the_least_limit_of_all_groups_counts() {
        let read = |path: &Path| match path.to_str()? {
            "/sys/fs/cgroup/a/b/memory.max" => Some("max\n".into()),
            "/sys/fs/cgroup/a/memory.max" => Some("1000\n".into()),
            "/sys/fs/cgroup/memory.max" => Some("2000\n".into()),
            _ => None,
        };
        assert_eq!(limit_bytes(Path::new("/sys/fs/cgroup/a/b"), &read), Some(1_000));
        assert_eq!(limit_bytes(Path::new("/sys/fs/cgroup"), &read), Some(2_000));
        assert_eq!(limit_bytes(Path::new("/elsewhere"), &read), None);
    }

    #[test]
    fn there_is_some_memory() {
        assert!(quarter() > 1 << 20);
    }
}
