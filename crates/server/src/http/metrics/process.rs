//! Figures of the operating system about this process, under the names that all Prometheus clients use. Linux only:
//! elsewhere these series are missing.

use metrics::{counter, gauge};

/// Reads /proc; figures that cannot be read keep their value.
pub(super) fn record() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    gauge!("process_max_fds").set(limit.map_or(f64::INFINITY, |files| files as f64));
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(open.count() as f64);
    }
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let status = read("/proc/self/status");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    for (name, field, unit) in [
        ("process_resident_memory_bytes", "VmRSS:", 1024),
        ("process_virtual_memory_bytes", "VmSize:", 1024),
        ("process_threads", "Threads:", 1),
    ] {
        if let Some(value) = number(field) {
            gauge!(name).set((value * unit) as f64);
        }
    }
    // The program's name is in brackets and may contain anything; the third field follows.
    let stat = read("/proc/self/stat");
    let fields: Vec<&str> = stat.rsplit_once(')').map_or(vec![], |(_, rest)| rest.split_whitespace().collect());
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    if let (Some(user), Some(kernel)) = (field(14), field(15)) {
        // Counters count whole numbers, so this one counts whole seconds.
        counter!("process_cpu_seconds_total").absolute((user + kernel) / ticks);
    }
    let booted = read("/proc/stat").lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
    if let (Some(booted), Some(started)) = (booted, field(22)) {
        gauge!("process_start_time_seconds").set(booted as f64 + started as f64 / ticks as f64);
    }
}
